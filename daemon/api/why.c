/* What the schedule recorded of a feed, in words and numbers. */
#include "api/why.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/render.h"
#include "limits.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A word as it is stored, as it is told, and what it means to people. */
struct word {
	const char *stored, *told, *text;
};

static const struct word rules[] = {
	{"interval", "interval", "the interval"},
	{"retry-after", "retry-after", "the server asked to wait (Retry-After)"},
	{"gone", "gone", "the server says that the feed is gone (410)"},
	{"backoff", "backoff", "after failures it is asked less often"},
	{"network", "network", "this machine reaches nobody"},
	{"fresh", "fresh", "the answer is good until then (max-age, Expires)"},
	{"ttl", "ttl", "the feed is good until then (ttl)"},
	{"period", "period", "the feed does not change before (updatePeriod)"},
	{"skip", "skip", "the feed is not to be polled before (skipHours, skipDays)"},
	{"no-validators", "no-validators", "without validators every answer is a whole document"},
	{"rhythm", "rhythm", "the rhythm of its items"},
	{"window", "window", "the rhythm of its items, shortened so that none is missed"},
	{"interval-min", "interval-min", "the shortest interval"},
	{"interval-max", "interval-max", "the longest interval"},
};

static const struct word levels[] = {
	{"feed", "feed", "set for this feed"},
	{"daemon", "daemon", "set for all feeds"},
	{"server", "server", "said by the server"},
	{"document", "publisher", "said in the feed"},
	{"learned", "learned", "seen by polling"},
};

static const struct word waits[] = {
	[API_WAIT_NOTHING] = {NULL, "nothing", "it is not polled"},
	[API_WAIT_TIME] = {NULL, "due-time", "its time"},
	[API_WAIT_POLL] = {NULL, "answer", "it is being polled"},
	[API_WAIT_HOST] = {NULL, "host-limited", "other polls of the same host go first"},
	[API_WAIT_SERVER] = {NULL, "host-held", "its server asked to be left alone"},
	[API_WAIT_TURN] = {NULL, "global-limited", "as many polls as may be are under way"},
	[API_WAIT_NETWORK] = {NULL, "network", "this machine reaches nobody"},
	[API_WAIT_STORE] = {NULL, "database", "nothing can be stored"},
};

static const struct word *find(const struct word *words, size_t count, const char *stored)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i].stored, stored) == 0)
			return &words[i];
	}
	return NULL;
}

static bool take_number(const char **at, int64_t *ret_number)
{
	char *end;

	*ret_number = strtoll(*at, &end, 10);
	if (end == *at)
		return false;
	*at = end;
	return true;
}

/* `known`: the rhythm was seen. */
static void put_candidate(struct json *j, const char *stored, bool known)
{
	char cause[24], level[16], due[24];
	const struct word *rule, *of;
	const char *at = due;
	int64_t due_ms;

	if (sscanf(stored, "%23[^/ ]/%15[^/ ]/%23[^ ]", cause, level, due) != 3)
		return;
	rule = find(rules, COUNT(rules), cause);
	of = find(levels, COUNT(levels), level);
	if (!rule || !of)
		return;
	if (!take_number(&at, &due_ms))
		due_ms = TIME_NONE;
	json_put_object(j, NULL);
	json_put_string(j, "rule", rule->told);
	json_put_string(j, "level", of->told);
	json_put_time(j, "due", due_ms);
	json_put_string(j, "text", rule->text);
	known = known || strcmp(level, "learned") != 0 ||
		(strcmp(cause, "rhythm") != 0 && strcmp(cause, "window") != 0);
	json_put_string(j, "source", known ? of->text : "a first guess: too little is known yet");
	json_end(j);
}

/* The one that has won is the first of them. */
static void put_why(struct json *j, const struct feed *feed)
{
	const char *at = feed->learned.plan ? feed->learned.plan : "";

	json_put_object(j, "why");
	json_put_string(j, "text", feed->due_reason);
	json_put_array(j, "candidates");
	while (*at) {
		put_candidate(j, at, feed->learned.usual_ms != 0);
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	json_end(j);
	json_end(j);
}

static void put_level(struct json *j, const struct feed *feed)
{
	const char *from;
	enum grouping_level level = feed_level(feed, &from);

	json_put_object(j, "grouping");
	json_put_string(j, "level", story_level_name(level));
	json_put_string(j, "from", from);
	json_end(j);
}

static void put_waiting(struct json *j, const struct api_waiting *waiting)
{
	json_put_object(j, "waits");
	json_put_string(j, "for", waits[waiting->what].told);
	json_put_time(j, "until", waiting->until_ms);
	json_put_string(j, "text", waits[waiting->what].text);
	json_end(j);
}

static void put_rhythm(struct json *j, const struct feed_learned *l)
{
	json_put_object(j, "rhythm");
	if (l->rhythm_items > 0 && l->rhythm_ms / l->rhythm_items < 1e12)
		json_put_int(j, "item_every_s", (int64_t)(l->rhythm_ms / l->rhythm_items / 1000));
	else
		json_put_null(j, "item_every_s");
	if (l->usual_ms)
		json_put_int(j, "usual_s", l->usual_ms / 1000);
	else
		json_put_null(j, "usual_s");
	json_put_int(j, "items_in_document", l->window);
	json_put_time(j, "missed", l->gap_ms);
	json_end(j);
}

/* By what its items are known: the rule as it is told, and in words with each reason for it. */
static const struct {
	const char *told;
	struct word reasons[3];
} identities[] = {
	{"id", {{"none", NULL, "by their ids"}}},
	{"link", {{"empty", "empty", "by their links, else title and text: they have no ids"},
			 {"alike", "alike",
				 "by their links, else title and text: all have the same id"},
			 {"renewed", "renewed",
				 "by their links, else title and text: they have new ids at each "
				 "poll"}}},
	{"text", {{"renewed", "renewed",
			 "by title, text and time: they have new ids and links at each poll"}}},
};

static void put_identity(struct json *j, const struct feed *feed)
{
	size_t rule = (size_t)feed->identity < COUNT(identities) ? (size_t)feed->identity : 0;
	const struct word *words = identities[rule].reasons, *why = words;
	struct identity_note n;

	identity_note_read(feed->identity_note, &n);
	for (size_t i = 1; i < COUNT(identities[rule].reasons) && words[i].stored; i++)
		why = strcmp(words[i].stored, n.reason) ? why : &words[i];
	json_put_object(j, "identity");
	json_put_string(j, "rule", identities[rule].told);
	json_put_string(j, "reason", why->told);
	json_put_time(j, "since", n.since_ms ? n.since_ms : TIME_NONE);
	json_put_int(j, "items", n.items);
	json_put_time(j, "rekeyed", n.rekeyed_ms ? n.rekeyed_ms : TIME_NONE);
	json_put_int(j, "rekeyed_items", n.rekeyed_items);
	json_put_string(j, "text", why->text);
	json_end(j);
}

/* Where it is going to, and what was sent on to it. */
static void put_move(struct json *j, const struct feed *feed)
{
	const struct feed_learned *l = &feed->learned;
	bool trial = feed->moved_url && l->moved_ms != TIME_NONE;
	const char *at = feed->former ? feed->former : "";
	char url[FETCH_URL_MAX + 1];

	json_put_object(j, "move");
	json_put_int(j, "polls", trial ? l->moved_count : 0);
	json_put_int(j, "polls_needed", MOVED_POLLS);
	json_put_time(j, "not_before", trial ? l->moved_ms + MOVED_MS : TIME_NONE);
	json_put_time(j, "moved", feed->moved_url || !*at ? TIME_NONE : l->moved_ms);
	json_put_array(j, "from");
	for (; *at; at += strcspn(at, " "), at += *at == ' ') {
		snprintf(url, sizeof(url), "%.*s", (int)strcspn(at, " "), at);
		render_url(j, NULL, url);
	}
	json_end(j);
	json_end(j);
}

static void put_repairs(struct json *j, const char *text)
{
	json_put_array(j, "repairs");
	while (text && *text) {
		size_t len = strcspn(text, "\n");

		json_put_string_n(j, NULL, text, len);
		text += len + (text[len] == '\n');
	}
	json_end(j);
}

/* "TIME OUTCOME STATUS BYTES MS NEW" */
static void put_fetch(struct json *j, const char *line)
{
	int64_t time_ms, status, bytes, duration_ms, items;
	const char *at = line, *outcome;
	size_t len;

	if (!take_number(&at, &time_ms) || *at != ' ')
		return;
	outcome = at + 1;
	len = strcspn(outcome, " \n");
	at = outcome + len;
	if (!take_number(&at, &status) || !take_number(&at, &bytes) ||
		!take_number(&at, &duration_ms) || !take_number(&at, &items))
		return;
	json_put_object(j, NULL);
	json_put_time(j, "time", time_ms);
	json_put_string_n(j, "outcome", outcome, len);
	if (status)
		json_put_int(j, "http_status", status);
	else
		json_put_null(j, "http_status");
	json_put_int(j, "bytes", bytes);
	json_put_int(j, "duration_ms", duration_ms);
	json_put_int(j, "new_items", items);
	json_end(j);
}

static void put_fetches(struct json *j, const char *line)
{
	json_put_array(j, "fetches");
	while (line && *line) {
		put_fetch(j, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	json_end(j);
}

void why_members(struct json *j, const struct feed *feed, const struct api_waiting *waiting)
{
	put_why(j, feed);
	put_level(j, feed);
	put_waiting(j, waiting);
	put_rhythm(j, &feed->learned);
	put_identity(j, feed);
	put_move(j, feed);
	put_repairs(j, feed->learned.repairs);
	put_fetches(j, feed->learned.fetches);
}
