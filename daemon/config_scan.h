/* What libconfuse does not tell: where each key stands, and what is wrong with the text before
 * values are looked at. */
#ifndef TIDINGS_CONFIG_SCAN_H
#define TIDINGS_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/map.h"
#include "config.h"
#include "limits.h"

/* Findings, kept in the order of lines. Zeroed but for `file`. */
struct config_report {
	const char *file;
	const char *noun; /* of the section that a finding's title names: "feed", "folder" */
	struct arena *arena;
	struct {
		int line;
		bool warning;
		char *text;
	} findings[CONFIG_REPORT_MAX];
	int count;  /* kept */
	int errors; /* found, warnings not counted */
	int left_out;
	bool failed; /* out of memory */
};

/* Adds `FILE:LINE: [NOUN "TITLE": ][KEY: ]TEXT`. Line 0: of the file as a whole. `title` and `key`
 * may be NULL. */
void config_report_add(struct config_report *r, bool warning, int line, const char *title,
	const char *key, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* A value as it may be shown: secrets in URLs hidden, no control characters, at most 80 bytes.
 * Lives in the arena. */
const char *config_shown(struct config_report *r, const char *value);

/* What is known of the text beside the findings. Its map is to be finished. */
struct config_scan {
	struct map lines; /* where each section begins, by its kind and the hash of its title */
	size_t count;     /* of feeds */
	bool lost;        /* libconfuse may not find out of a section that it does not know */
};

/* Reads the text (NUL-terminated) ahead of libconfuse and reports what that would pass over or
 * blame on the wrong line: unclosed strings, comments and braces, what it would expand, unknown
 * keys and sections, keys and feeds that stand there twice. Blanks the comments out, since
 * libconfuse stumbles over those inside a list. False when the text cannot be given to libconfuse
 * at all. Everything lives in the arena of the report. */
bool config_scan(char *text, struct config_report *report, struct config_scan *ret_scan);

/* The line of a section, 0 when there is none. */
int config_scan_line(
	const struct config_scan *scan, enum config_section section, const char *title);

#endif
