/* Is it the feed, or is it us? */
#include "outage.h"

#include <string.h>

bool outage_is_ours(int code)
{
	return code == ERR_PROXY || code == ERR_SHORT;
}

static bool is_suspect(int code)
{
	return code == ERR_ROUTE || code == ERR_RESOLVER || outage_is_ours(code);
}

/* What says nothing of the network: it never came so far, or a server may simply be slow. */
static bool is_silent(int code)
{
	return code == ERR_TIMEOUT || code == ERR_INVALID || code == ERR_BLOCKED ||
	       code == ERR_NOMEM || code == ERR_CANCELED || code == ERR_BUSY;
}

static bool answered_since(const struct outage *o, int64_t time_ms)
{
	return time_ms != TIME_NONE && o->answered_ms != TIME_NONE && o->answered_ms >= time_ms;
}

bool outage_excuses(struct outage *o, const struct outage_attempt *attempt)
{
	int code = attempt->error ? attempt->error->code : 0;

	if (!is_suspect(code)) {
		if (is_silent(code))
			return false;
		o->answered_ms = attempt->now_ms;
		o->down = false;
		return false;
	}
	if (code == ERR_PROXY && attempt->own_proxy)
		return true;
	if (!o->down && (attempt->known_bad || answered_since(o, attempt->began_ms) ||
				answered_since(o, attempt->before_ms)))
		return outage_is_ours(code);
	o->probes = o->down ? o->probes + 1 : 0;
	o->down = true;
	o->probe_wait_ms =
		o->probes < 6 ? (int64_t)OUTAGE_PROBE_MIN_MS << o->probes : OUTAGE_PROBE_MAX_MS;
	memcpy(o->text, attempt->error->text, sizeof(o->text));
	return true;
}
