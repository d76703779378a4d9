/* How long the loop thread keeps others waiting. */
#include "loopstat.h"

#include <stdlib.h>
#include <string.h>

static void turn_ends(uv_prepare_t *handle)
{
	struct loopstat *l = handle->data;

	if (l->turn_start_ns)
		l->turns_us[l->count++ % LOOPSTAT_TURNS] =
			(uint32_t)((uv_hrtime() - l->turn_start_ns) / 1000);
}

static void turn_begins(uv_check_t *handle)
{
	struct loopstat *l = handle->data;

	l->turn_start_ns = uv_hrtime();
}

void loopstat_init(struct loopstat *l, uv_loop_t *loop)
{
	memset(l, 0, sizeof(*l));
	l->prepare.data = l;
	l->check.data = l;
	/* these four calls cannot fail (libuv documents them so) */
	uv_prepare_init(loop, &l->prepare);
	uv_check_init(loop, &l->check);
	uv_prepare_start(&l->prepare, turn_ends);
	uv_check_start(&l->check, turn_begins);
	uv_unref((uv_handle_t *)&l->prepare);
	uv_unref((uv_handle_t *)&l->check);
}

void loopstat_close(struct loopstat *l)
{
	uv_close((uv_handle_t *)&l->prepare, NULL);
	uv_close((uv_handle_t *)&l->check, NULL);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

double loopstat_p99_ms(const struct loopstat *l)
{
	uint32_t sorted[LOOPSTAT_TURNS];
	size_t count = l->count < LOOPSTAT_TURNS ? l->count : LOOPSTAT_TURNS;
	size_t rank;

	if (!count)
		return 0;
	memcpy(sorted, l->turns_us, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	rank = (count - 1) * 99 / 100;
	return sorted[rank] / 1000.0;
}
