/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The world as the portable core needs it.
 *
 * One of three files provides: fixed-size and little-endian types with their
 * conversions, memcpy/memset/memcmp/strnlen, errno values, mtdl_alloc() (zeroed)
 * and mtdl_free(), mtdl_vsnprintf(), mtdl_relax() (called between long steps),
 * and struct mtdl_hash with mtdl_hash_init/update/final (SHA-256).
 */
#ifndef MTDL_ENV_H
#define MTDL_ENV_H

#if defined(__KERNEL__)
#include "env/linux.h"
#elif defined(MTDL_FREESTANDING)
#include "env/freestanding.h"
#else
#include "env/user.h"
#endif

#endif
