// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The names of cases: nor/upgrade+loader/37:torn:middle:flip-old:new/12:before@finish
 */
#include "campaign.h"

static const char * const tears[SIMFLASH_TEARS] = { "start", "middle", "end" };

static int cut_text(char *to, size_t room, u32 at, const struct simflash_cut *cut)
{
	if (cut->effect != SIMFLASH_TORN)
		return snprintf(to, room, "/%u:%s", at,
				cut->effect == SIMFLASH_BEFORE ? "before" : "after");
	return snprintf(to, room, "/%u:torn:%s:%s:%s", at, tears[cut->tear],
			simflash_outcome_name(cut->outcome), simflash_outcome_name(cut->loader));
}

const char *case_text(const struct case_id *id)
{
	static char text[320];
	int used = snprintf(text, sizeof(text), "%s", id->scenario.name);
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

static enum simflash_outcome outcome_called(const char *name)
{
	u32 i;

	for (i = 0; i < SIMFLASH_OUTCOMES &&
	     strcmp(name, simflash_outcome_name((enum simflash_outcome)i)); i++)
		;
	return (enum simflash_outcome)i;
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
	cut->outcome = outcome_called(part);
	if (*end == ':')
		*end = next_part(text, part, sizeof(part), ":/@");
	cut->loader = outcome_called(part);
	return cut->tear < SIMFLASH_TEARS && cut->outcome < SIMFLASH_OUTCOMES &&
	       cut->loader < SIMFLASH_OUTCOMES;
}

static bool parse_recovery(enum recovery *how, const char *name)
{
	u32 i;

	for (i = 0; i < RECOVERIES && strcmp(name, recovery_name((enum recovery)i)); i++)
		;
	*how = (enum recovery)i;
	return i < RECOVERIES;
}

bool case_parse(struct case_id *id, const char *text)
{
	char fleet[64], job[64], name[130], end;

	memset(id, 0, sizeof(*id));
	next_part(&text, fleet, sizeof(fleet), "/");
	end = next_part(&text, job, sizeof(job), "/@");
	snprintf(name, sizeof(name), "%s/%s", fleet, job);
	if (!scenario_find(&id->scenario, name))
		return false;
	while (end == '/') {
		if (id->cuts == CUTS_MAX ||
		    !parse_cut(&id->cut[id->cuts], &id->at[id->cuts], &text, &end))
			return false;
		id->cuts++;
	}
	return parse_recovery(&id->how, text) && id->cuts;
}
