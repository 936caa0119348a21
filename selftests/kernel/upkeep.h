/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of settling, installing and scrubbing share.
 */
#ifndef UPKEEP_H
#define UPKEEP_H

#include "board.h"
#include "wire.h"

/** struct upkeep_status - what a device shows of its work */
struct upkeep_status {
	u32 state, work, settleable, reserve, reserve_left;
	u32 epoch, write;
	char last_error[MTDLAYER_REASON_SIZE];
};

/** struct upkeep_event - an event; numbers that it does not have are ~0 */
struct upkeep_event {
	u32 kind, release, layer, logical, block, to, away, error;
};

/** upkeep_status() - what mtdlayer@index shows; 0 or a negative errno */
int upkeep_status(u32 index, struct upkeep_status *status);

/** upkeep_wait() - wait up to @seconds until mtdlayer@index has nothing to do; whether so */
bool upkeep_wait(u32 index, int seconds);

/** upkeep_listen() - open @wire and join the events; 0 or a negative errno */
int upkeep_listen(struct wire *wire);

/** upkeep_next() - wait up to @seconds for an event of @kind; 0 or -ETIMEDOUT */
int upkeep_next(struct wire *wire, u32 kind, int seconds, struct upkeep_event *event);

/** upkeep_parameter() - set a parameter of the module; 0 or an exit status */
int upkeep_parameter(const char *name, const char *value);

/** upkeep_settle() - SETTLE in at most @steps; 0 or a negative errno; @arg may be NULL */
int upkeep_settle(struct board *board, u32 steps, struct mtdlayer_settle *arg);

/** upkeep_policy() - give a layer of @release the policy bits @policy */
void upkeep_policy(struct test_release *release, u32 layer, u32 policy);

/** upkeep_is_home() - whether the slot's blocks on MTD device @mtd have the layer's bytes */
bool upkeep_is_home(int mtd, const struct test_release *release, u32 layer);

/** upkeep_upgrade() - install, BOOT, CONFIRM; 0 or a negative errno */
int upkeep_upgrade(struct board *board, const struct test_release *release);

/** upkeep_release() - kernel, system and app, all changed by another @seed; app fits */
void upkeep_release(struct test_release *release, const char *version, u32 seed);

/** struct upkeep_reader - a thread that reads a layer, and compares */
struct upkeep_reader;

/** upkeep_readers() - begin to read layer @layer of @release in @count threads; NULL: failed */
struct upkeep_reader *upkeep_readers(const struct test_release *release, u32 layer, int count);

/** upkeep_readers_end() - end them; whether all have read, nothing wrong, without a failure */
bool upkeep_readers_end(struct upkeep_reader *readers);

#endif
