/* The limit of open descriptors. */
#include "descriptors.h"

#include <sys/resource.h>

#include "base/log.h"

int descriptors_reserve(unsigned long needed, struct err *e)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	log_event(LOG_INFO, "descriptors", "needed=%zu now=%zu allowed=%zu", (size_t)needed,
		(size_t)limit.rlim_cur, (size_t)limit.rlim_max);
	if (limit.rlim_cur >= needed)
		return 0;
	limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
	(void)!setrlimit(
		RLIMIT_NOFILE, &limit); /* a sandbox may forbid it: then what is there must do */
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur >= needed)
		return 0;
	return err_set(e, ERR_INVALID,
		"connections and clients need %lu open files, but the system allows %lu: lower "
		"them, or raise "
		"the limit (LimitNOFILE= in the unit, ulimit -n in a shell)",
		needed, (unsigned long)limit.rlim_cur);
}
