/* Work on labels and folders, and lists for programs, for the tests that make it fail. */
#ifndef TESTS_UNIT_STORE_WORK_LABELS_H
#define TESTS_UNIT_STORE_WORK_LABELS_H

#include "fixture.h"
#include "store/counts.h"
#include "store/states.h"

/* Of one with items that have it, and of a filter. */
static inline int put_labels(struct store_tx *tx, void *arg, struct err *e)
{
	struct label_set set = {.add_count = 1};
	struct states s = {.labels = &set, .read = 1, .now_ms = NOW, .filter = {.folder = 1}};
	int64_t other;
	bool flag = true;
	int status = labels_obtain(tx, "a", NOW, &set.add[0], &flag, e);

	(void)arg;
	while (status == 0 && !s.ended)
		status = states_step(tx, &s, 1000, e);
	if (status == 0)
		status = labels_rename(tx, set.add[0], "b", NOW, &other, e);
	for (flag = true; status == 0 && flag;)
		status = labels_remove(tx, set.add[0], NOW, &flag, e);
	return status ? status : labels_obtain(tx, "c", NOW, &other, &flag, e);
}

static inline int edit_folders(struct store_tx *tx, void *arg, struct err *e)
{
	int64_t id, other;
	int status = folders_add(tx, "Z", NOW, &id, e);

	(void)arg;
	if (status == 0)
		status = folders_rename(tx, 1, "Y", NOW, &other, e);
	return status ? status : folders_remove(tx, 1, NOW, e);
}

static inline int count_item(void *ctx, const struct item_row *row)
{
	(void)row;
	++*(int *)ctx;
	return 0;
}

static inline int count_id(void *ctx, int64_t id)
{
	(void)id;
	++*(int *)ctx;
	return 0;
}

static inline void count_label(void *ctx, const struct label *label)
{
	(void)label;
	++*(int *)ctx;
}

static inline void count_folder(void *ctx, const struct folder *folder)
{
	(void)folder;
	++*(int *)ctx;
}

static inline void add_unread(void *ctx, const struct counts *counts)
{
	((int *)ctx)[counts->of] += (int)counts->unread;
}

/* The same of lists for programs. */
static inline int read_more(struct store_tx *tx, void *arg, struct err *e)
{
	static const struct item_filter all = {.until_rev = INT64_MAX};
	const int64_t ids[] = {3, 99, 1};
	int counts[4] = {0}, unread[4] = {0};
	struct page page = {0};
	int64_t items = 0;
	int status = items_list_ids(tx, &all, &page, count_id, &counts[0], e);

	(void)arg;
	if (status == 0)
		status = items_count(tx, &all, &items, e);
	if (status == 0)
		status = items_get_many(tx, ids, 3, true, count_item, &counts[1], e);
	if (status == 0)
		status = labels_list(tx, count_label, &counts[2], e);
	if (status == 0)
		status = folders_list(tx, count_folder, &counts[3], e);
	if (status == 0)
		status = counts_list(tx, add_unread, unread, e);
	if (status == 0 && (counts[0] != 30 || items != 30 || counts[1] != 2 || counts[2] != 1 ||
				   counts[3] != 1 || unread[0] != unread[1] || unread[2] ||
				   unread[3] != unread[0]))
		return err_set(e, ERR_INTERNAL,
			"%d ids, %d items, %d labels, %d folders, %d unread", counts[0], counts[1],
			counts[2], counts[3], unread[0]);
	return status;
}

#endif
