// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The names of cases: nor/overflow/37:torn:middle:flip-old/12:before@finish
 */
#include "campaign.h"

static const char * const tears[SIMFLASH_TEARS] = { "start", "middle", "end" };

static int cut_text(char *to, size_t room, u32 at, const struct simflash_cut *cut)
{
	if (cut->effect == SIMFLASH_TORN)
		return snprintf(to, room, "/%u:torn:%s:%s", at, tears[cut->tear],
				simflash_outcome_name(cut->outcome));
	return snprintf(to, room, "/%u:%s", at,
			cut->effect == SIMFLASH_BEFORE ? "before" : "after");
}

const char *case_text(const struct case_id *id)
{
	static char text[256];
	int used = snprintf(text, sizeof(text), "%s/%s", id->fleet->name, id->scenario->name);
	u32 i;

	for (i = 0; i < id->cuts; i++)
		used += cut_text(text + used, sizeof(text) - (size_t)used, id->at[i],
				 &id->cut[i]);
	snprintf(text + used, sizeof(text) - (size_t)used, "@%s", recovery_name(id->how));
	return text;
}

/* The next part of a name up to one of @ends; that one is returned. */
static char next_part(const char **text, char *part, size_t room, const char *ends)
{
	size_t length = strcspn(*text, ends);
	char end = (*text)[length];

	snprintf(part, room, "%.*s", (int)length, *text);
	*text += length + !!end;
	return end;
}

static bool parse_cut(struct simflash_cut *cut, u32 *at, const char **text, char *end)
{
	char part[64];
	u32 i;

	*end = next_part(text, part, sizeof(part), ":/@");
	*at = (u32)strtoul(part, NULL, 10);
	if (*end != ':')
		return false;
	*end = next_part(text, part, sizeof(part), ":/@");
	cut->effect = SIMFLASH_TORN;
	if (!strcmp(part, "before"))
		cut->effect = SIMFLASH_BEFORE;
	else if (!strcmp(part, "after"))
		cut->effect = SIMFLASH_AFTER;
	if (cut->effect != SIMFLASH_TORN)
		return true;
	*end = next_part(text, part, sizeof(part), ":/@");
	for (i = 0; i < SIMFLASH_TEARS && strcmp(part, tears[i]); i++)
		;
	cut->tear = (enum simflash_tear)i;
	*end = next_part(text, part, sizeof(part), ":/@");
	for (i = 0; i < SIMFLASH_OUTCOMES &&
	     strcmp(part, simflash_outcome_name((enum simflash_outcome)i)); i++)
		;
	cut->outcome = (enum simflash_outcome)i;
	return cut->tear < SIMFLASH_TEARS && cut->outcome < SIMFLASH_OUTCOMES;
}

bool case_parse(struct case_id *id, const char *text)
{
	char part[64], end;
	u32 i;

	memset(id, 0, sizeof(*id));
	next_part(&text, part, sizeof(part), "/");
	for (i = 0; i < FLEETS; i++)
		if (!strcmp(part, fleets[i].name))
			id->fleet = &fleets[i];
	end = next_part(&text, part, sizeof(part), "/@");
	for (i = 0; i < scenario_count; i++)
		if (!strcmp(part, scenarios[i].name))
			id->scenario = &scenarios[i];
	while (end == '/') {
		if (id->cuts == 2 ||
		    !parse_cut(&id->cut[id->cuts], &id->at[id->cuts], &text, &end))
			return false;
		id->cuts++;
	}
	for (i = 0; i < RECOVERIES; i++) {
		if (strcmp(text, recovery_name((enum recovery)i)))
			continue;
		id->how = (enum recovery)i;
		return id->fleet && id->scenario && id->cuts;
	}
	return false;
}
