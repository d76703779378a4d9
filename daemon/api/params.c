/* Reading parameters by their table, and cursors. */
#include "api/params.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/times.h"

const struct param_spec param_specs[PARAMS] = {
#define X(symbol, name, type, min, max, words)                                                     \
	[symbol] = {name, PARAM_TYPE_##type, min, max, words},
	PARAM_LIST(X)
#undef X
};

const char *param_name(enum param param)
{
	return param_specs[param].name;
}

int params_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret_number)
{
	size_t len = strlen(text);

	if (len == 0 || len > 19 || strspn(text, "0123456789") != len)
		return ERR_INVALID;
	errno = 0;
	long long number = strtoll(text, NULL, 10);
	if (errno != 0 || number < min || number > max)
		return ERR_INVALID;
	*ret_number = number;
	return 0;
}

int params_parse_seq(const char *text, char ret_epoch[PARAM_EPOCH_BYTES], int64_t *ret_seq)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : 0;

	if (len >= PARAM_EPOCH_BYTES || (dash && len == 0))
		return ERR_INVALID;
	int code = params_parse_int(dash ? dash + 1 : text, 0, INT64_MAX, ret_seq);
	if (code == 0) {
		memcpy(ret_epoch, text, len);
		ret_epoch[len] = '\0';
	}
	return code;
}

/* The place of a word in "one two three", or -1. */
static int64_t word_index(const char *words, const char *word)
{
	size_t len = strlen(word);
	int64_t index = 0;

	for (const char *p = words; *p; index++) {
		size_t n = strcspn(p, " ");
		if (n == len && memcmp(p, word, n) == 0)
			return index;
		p += n + (p[n] == ' ');
	}
	return -1;
}

static int parse_int(const struct param_spec *spec, const char *text, int64_t *ret_number,
	struct http_problem *p)
{
	if (params_parse_int(text, spec->min, spec->max, ret_number) == 0)
		return 0;
	if (spec->max == INT64_MAX)
		return problem_at(p, "parameter", spec->name, "%s must be a number from %" PRId64,
			spec->name, spec->min);
	return problem_at(p, "parameter", spec->name, "%s must be between %" PRId64 " and %" PRId64,
		spec->name, spec->min, spec->max);
}

static int parse_word(const struct param_spec *spec, const char *words, const char *text,
	int64_t *ret_number, struct http_problem *p)
{
	int64_t index = word_index(words, text);

	if (index < 0)
		return problem_at(
			p, "parameter", spec->name, "%s must be one of: %s", spec->name, words);
	*ret_number = index;
	return 0;
}

static int parse_value(const struct param_spec *spec, const char *text, struct params *params,
	int64_t *ret_number, struct http_problem *p)
{
	switch (spec->type) {
	case PARAM_TYPE_INT:
		return parse_int(spec, text, ret_number, p);
	case PARAM_TYPE_BOOL:
		return parse_word(spec, "false true", text, ret_number, p);
	case PARAM_TYPE_WORD:
		return parse_word(spec, spec->words, text, ret_number, p);
	case PARAM_TYPE_TIME:
		if (times_parse_rfc3339(text, ret_number) == 0)
			return 0;
		return problem_at(p, "parameter", spec->name,
			"%s must be a time like 2026-11-23T20:00:00Z", spec->name);
	case PARAM_TYPE_SEQ:
		if (params_parse_seq(text, params->epoch, ret_number) == 0)
			return 0;
		return problem_at(p, "parameter", spec->name, "%s must be a number or EPOCH-NUMBER",
			spec->name);
	case PARAM_TYPE_TEXT:
		return 0;
	case PARAM_TYPE_MISSING:
		break;
	}
	return problem_at(p, "parameter", spec->name, "%s", spec->words);
}

static int find(struct slice name, unsigned allowed)
{
	for (int i = 0; i < PARAMS; i++) {
		if ((allowed & PARAM_BIT(i)) && slice_is(name, param_specs[i].name))
			return i;
	}
	return -1;
}

static int parse_pair(struct slice name, struct slice value, unsigned allowed, struct arena *a,
	struct params *params, struct http_problem *p)
{
	int i = find(name, allowed);
	char *text;

	if (i < 0 && (allowed & PARAM_OTHERS))
		return 0;
	if (i < 0) {
		char shown[48];
		snprintf(shown, sizeof(shown), "%.*s", (int)(name.len < 40 ? name.len : 40),
			name.at);
		return problem_at(p, "parameter", shown, "there is no parameter %s here", shown);
	}
	if (params->given & PARAM_BIT(i))
		return problem_at(p, "parameter", param_specs[i].name, "%s is given twice",
			param_specs[i].name);
	int code = http_decode(a, value, HTTP_CODED_QUERY, &text);
	if (code == ERR_NOMEM)
		return problem_set(p, PROBLEM_BUSY, "%s", err_sentence(code));
	if (code < 0)
		return problem_at(p, "parameter", param_specs[i].name, "%s is not well encoded",
			param_specs[i].name);
	params->given |= PARAM_BIT(i);
	params->values[i].text = text;
	return parse_value(&param_specs[i], text, params, &params->values[i].number, p);
}

int params_parse_list(const char *text, uint64_t (*bits_of)(struct slice name), const char *param,
	const char *none, uint64_t *ret_bits, struct http_problem *p)
{
	uint64_t all = 0;

	for (const char *at = text;; at++) {
		struct slice name = {at, strcspn(at, ",")};
		uint64_t bits = bits_of(name);
		if (bits == 0)
			return problem_at(p, "parameter", param, "%s \"%.*s\"", none,
				(int)(name.len < 60 ? name.len : 60), name.at);
		all |= bits;
		at += name.len;
		if (*at == '\0')
			break;
	}
	*ret_bits = all;
	return 0;
}

int params_parse(struct slice query, unsigned allowed, struct arena *a, struct params *ret_params,
	struct http_problem *p)
{
	struct slice name, value;
	struct params params = {0};

	while (http_next_pair(&query, &name, &value)) {
		int code = parse_pair(name, value, allowed, a, &params, p);
		if (code < 0)
			return code;
	}
	*ret_params = params;
	return 0;
}

int64_t params_number(const struct params *params, enum param param, int64_t fallback)
{
	return params->given & PARAM_BIT(param) ? params->values[param].number : fallback;
}

const char *params_text(const struct params *params, enum param param)
{
	return params->values[param].text;
}

int params_tristate(const struct params *params, enum param param)
{
	if (!(params->given & PARAM_BIT(param)))
		return 0;
	return params->values[param].number ? 1 : -1;
}

/* Such as "pd1a1f83c4600-7b": order, direction, key and id. */
const char *page_cursor(const struct page *page, char order, char out[CURSOR_TEXT_BYTES])
{
	if (!page->more)
		return NULL;
	snprintf(out, CURSOR_TEXT_BYTES, "%c%c%" PRIx64 "-%" PRIx64, order,
		page->ascending ? 'a' : 'd', (uint64_t)page->key, (uint64_t)page->id);
	return out;
}

int page_parse(
	const struct params *params, char order, struct page *ret_page, struct http_problem *p)
{
	const char *text = params_text(params, PARAM_CURSOR);
	bool ascending = params_number(params, PARAM_DIR, 0) == 1;
	uint64_t key = 0, id = 0;
	const char *rest = text;
	char *end;

	errno = 0;
	if (text && strlen(text) > 2) {
		key = strtoull(text + 2, &end, 16);
		id = *end == '-' ? strtoull(end + 1, &end, 16) : 0;
		rest = end;
	}
	if (text && (*rest != '\0' || errno != 0 || id < 1 || id > INT64_MAX))
		return problem_at(p, "parameter", "cursor", "cursor is not one that a list gave");
	if (text && (text[0] != order || text[1] != (ascending ? 'a' : 'd')))
		return problem_at(
			p, "parameter", "cursor", "cursor belongs to a list in another order");
	*ret_page = (struct page){.ascending = ascending,
		.limit = (int)params_number(params, PARAM_LIMIT, 100),
		.key = (int64_t)key,
		.id = (int64_t)id};
	return 0;
}
