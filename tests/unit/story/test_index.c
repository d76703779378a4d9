/* The story index: what joins what. */
#include "world.h"

static struct world *world;

static int set_up(void **state)
{
	(void)state;
	world = world_create();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	world_destroy(world);
	return 0;
}

static struct verdict tell(const char *title, const char *text)
{
	return world_tell(world, title, text, NOON_MS, &index_level_normal);
}

static struct verdict ask(
	const char *title, const char *text, int64_t time_ms, const struct index_level *level)
{
	struct verdict v = world_judge(world, world_draft(world, title, text, time_ms), level);

	world->count--;
	return v;
}

/* So many items that have nothing to do with anything, so that words weigh as they do later. */
static void fill(int items)
{
	for (int i = 0; i < items; i++) {
		struct verdict v = tell(NULL, world_words(world, "f", i * 30, i * 30 + 30));

		assert_int_equal(v.kind, VERDICT_NEW);
	}
}

/* -- one level after the other -- */

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(tell(NULL, NULL).kind, VERDICT_NEW);
	assert_int_equal(tell("", "").kind, VERDICT_NEW);
	assert_int_equal(tell("🎉", "...").kind, VERDICT_NEW);
	assert_int_equal(tell("news", NULL).kind, VERDICT_NEW);
	assert_int_equal(tell(NULL, NULL).kind, VERDICT_NEW);
	assert_int_equal(tell("A first story of ten words or so, no more", NULL).kind, VERDICT_NEW);
	assert_int_equal(story_index_merge(world->index, 1, 2), 0);
	assert_int_equal(tell(NULL, NULL).kind, VERDICT_NEW);
	assert_int_equal(tell("1001 1002 1003 1004 1005 1006 1007", NULL).kind, VERDICT_NEW);
	assert_int_equal(tell(NULL, NULL).kind, VERDICT_NEW);
}

static void test_reprint(void **state)
{
	struct verdict v;
	char *text = world_words(world, "a", 0, 100);

	(void)state;
	fill(20);
	assert_int_equal(tell("The title", text).kind, VERDICT_NEW);
	v = tell("Quite another headline", text);
	assert_int_equal(v.kind, VERDICT_REPRINT);
	assert_int_equal(v.story, 21);
	assert_int_equal(v.group, 21);
	assert_int_equal(v.score, SCORE_ONE);
	/* The group goes by its first item, though the nearest is another. */
	v = tell("And more", world_join(world, text, world_words(world, "b", 0, 10)));
	assert_int_equal(v.group, 21);
	v = tell("Half", world_words(world, "a", 0, 50));
	assert_int_equal(v.kind, VERDICT_REPRINT);
	assert_int_equal(v.group, 21);
	v = tell("Another", world_words(world, "c", 0, 100));
	assert_int_equal(v.kind, VERDICT_NEW);
}

static void test_event(void **state)
{
	static const char first[] = "earthquake strikes northern chile coast tsunami warning";
	static const char second[] = "tsunami warning after strong earthquake off chile coast";
	uint32_t key = 0;
	struct verdict v;

	(void)state;
	fill(30);
	assert_int_equal(tell(first, NULL).kind, VERDICT_NEW);
	v = tell(second, NULL);
	assert_int_equal(v.kind, VERDICT_EVENT);
	assert_int_equal(v.story, 31);
	assert_true(v.score >= index_level_normal.join_brief);
	assert_int_equal(v.evidence_count, INDEX_EVIDENCE_MAX);
	for (int i = 0; i < v.evidence_count; i++) {
		struct tokens t;
		struct token token;
		int found = 0;

		tokens_init(&t, first, strlen(first));
		while (tokens_next(&t, &token))
			found += token.term >> 8 == v.evidence[i] && strstr(second, token.text);
		tokens_init(&t, second, strlen(second));
		while (tokens_next(&t, &token))
			found += token.term >> 8 == v.evidence[i];
		assert_true(found > 0);
		assert_int_not_equal(v.evidence[i], key);
		key = v.evidence[i];
	}
	/* By the level. */
	v = ask(second, NULL, NOON_MS, NULL);
	assert_int_equal(v.kind, VERDICT_REPRINT);
	assert_int_equal(
		ask("chile coast earthquake strikes warning northern tsunami", NULL, NOON_MS, NULL)
			.kind,
		VERDICT_NEW);
}

/* Whoever is stricter finds no more. */
static void test_levels(void **state)
{
	static const struct index_level *const levels[] = {
		&index_level_wide, &index_level_normal, &index_level_strict};
	int found[3] = {0};

	(void)state;
	fill(30);
	assert_int_equal(tell("Words", world_words(world, "a", 0, 40)).kind, VERDICT_NEW);
	for (int shared = 0; shared <= 40; shared++) {
		char *text = world_words(world, "b", 0, 40 - shared);

		/* In another order, or it were a reprint. */
		for (int i = shared - 1; i >= 0; i--)
			text = world_join(world, text, world_words(world, "a", i, i + 1));
		for (int level = 0; level < 3; level++) {
			struct verdict v = ask(NULL, text, NOON_MS, levels[level]);

			found[level] += v.kind != VERDICT_NEW;
			assert_true(v.kind != VERDICT_NEW || shared < 30);
		}
	}
	assert_true(found[0] > found[1] && found[1] > found[2] && found[2] > 0);
}

/* Without a level nothing but reprints is found. */
static void test_reprints_only(void **state)
{
	char *text = world_words(world, "a", 0, 60);

	(void)state;
	fill(20);
	(void)world_tell(world, "alpha beta gamma delta", text, NOON_MS, NULL);
	assert_int_equal(ask("alpha beta gamma delta", NULL, NOON_MS, NULL).kind, VERDICT_NEW);
	assert_int_equal(
		ask("alpha beta gamma delta", world_words(world, "b", 0, 60), NOON_MS, NULL).kind,
		VERDICT_NEW);
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).kind, VERDICT_REPRINT);
}

/* -- what does not join -- */

/* The same name in two scripts, and digits with either. */
static void test_scripts(void **state)
{
	static const char *const texts[] = {
		"iphone 17 pro max 2026 1000 2000 3000 review test",
		"обзор iphone 17 pro max 2026 1000 2000 3000 тест слова еще два три четыре пять",
		"iphone 17 pro max 2026 1000 2000 3000 評測開箱新手機上市價格規格比較分析",
		"17 2026 1000 2000 3000 4000 5000 6000 7000",
		"سعر iphone 17 pro max 2026 1000 2000 3000 مراجعة هاتف جديد اليوم في السوق العربية",
	};

	(void)state;
	fill(20);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct verdict v =
			world_tell(world, texts[i], texts[i], NOON_MS, &index_level_wide);

		if (v.kind != VERDICT_NEW)
			fail_msg("%s joined %lld", texts[i], (long long)v.story);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct verdict v = ask(texts[i], texts[i], NOON_MS, &index_level_wide);

		assert_int_equal(v.story, 21 + i);
	}
}

/* Other scripts than Latin are told apart as well. */
static void test_many_scripts(void **state)
{
	static const char *const texts[][2] = {
		{"В Чили произошло сильное землетрясение у побережья",
			"Сильное землетрясение у побережья Чили: объявлена тревога"},
		{"智利北部海岸发生强烈地震引发海啸警报", "强烈地震袭击智利北部 发布海啸警报"},
		{"チリ沖で強い地震 津波警報を発表", "津波警報を発表、チリ沖の強い地震で"},
		{"แผ่นดินไหวรุนแรงนอกชายฝั่งชิลี", "ชิลี แผ่นดินไหวรุนแรง เตือนสึนามิ"},
		{"زلزال قوي يضرب سواحل تشيلي", "تشيلي: زلزال قوي يضرب البلاد"},
		{"רעידת אדמה חזקה בצילי", "צילי: רעידת אדמה חזקה מול החוף"},
		{"चिली में शक्तिशाली भूकंप सुनामी की चेतावनी", "भूकंप: चिली में सुनामी की चेतावनी जारी"},
		{"칠레 북부 해안에 강한 지진 발생", "강한 지진 칠레 해안 강타"},
		{"Ισχυρός σεισμός στη Χιλή", "Χιλή: ισχυρός σεισμός, προειδοποίηση"},
	};

	(void)state;
	fill(30);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t first = world->count + 1;
		struct verdict v = tell(texts[i][0], NULL);

		assert_int_equal(v.kind, VERDICT_NEW);
		v = tell(texts[i][1], NULL);
		if (v.story != first)
			fail_msg("%s: %lld", texts[i][1], (long long)v.story);
	}
}

static void test_windows(void **state)
{
	static const struct {
		int64_t after_ms;
		bool reprint, event;
	} cases[] = {
		{0, true, true},
		{72 * HOUR_MS, true, true},
		{-72 * HOUR_MS, true, true},
		{STORY_WINDOW_MS, true, false}, /* it has faded */
		{-STORY_WINDOW_MS, true, false},
		{STORY_WINDOW_MS + 1, false, false},
		{-STORY_WINDOW_MS - 1, false, false},
		{100 * STORY_WINDOW_MS, false, false},
		{-NOON_MS - 100 * STORY_WINDOW_MS, false, false},
	};
	static const char title[] = "tsunami warning after strong earthquake off chile coast";
	static const char other[] = "chile coast strong earthquake tsunami after off warning";
	char *text = world_words(world, "a", 0, 60);

	(void)state;
	fill(20);
	(void)tell("Some title", text);
	(void)tell(title, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t time_ms = NOON_MS + cases[i].after_ms;
		struct verdict v = ask(NULL, text, time_ms, NULL);

		assert_int_equal(v.kind == VERDICT_REPRINT, cases[i].reprint);
		v = ask(other, NULL, time_ms, &index_level_wide);
		if ((v.kind == VERDICT_EVENT) != cases[i].event)
			fail_msg("case %zu: kind %d", i, (int)v.kind);
	}
}

/* The window moves on with the newest item of a story, and scores fade with silence. */
static void test_silence(void **state)
{
	static const char title[] = "tsunami warning after strong earthquake off chile coast";
	static const char other[] = "chile coast strong earthquake tsunami after off warning";
	uint32_t scores[4];

	(void)state;
	fill(20);
	(void)tell(title, NULL);
	for (int i = 0; i < 4; i++)
		scores[i] = ask(other, NULL, NOON_MS + i * 24 * HOUR_MS, &index_level_wide).score;
	assert_int_equal(scores[0], scores[1]);
	assert_true(scores[1] > scores[2] && scores[2] > scores[3] && scores[3] > 0);
	/* e^(-24/72) */
	assert_in_range(scores[2], scores[1] * .70, scores[1] * .73);
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			ask(other, NULL, NOON_MS - i * 24 * HOUR_MS, &index_level_wide).score,
			scores[i]);
	for (int day = 1; day <= 20; day++) {
		struct verdict v = world_tell(world, day % 2 ? other : title, NULL,
			NOON_MS + day * 24 * HOUR_MS, &index_level_normal);

		assert_int_equal(v.story, 21);
	}
}

/* A text between two joins the nearer one, and does not unite them. */
static void test_no_chain(void **state)
{
	struct verdict v;

	(void)state;
	fill(20);
	(void)world_tell(world, NULL, world_words(world, "a", 0, 100), NOON_MS, NULL);
	(void)world_tell(world, NULL, world_words(world, "b", 0, 100), NOON_MS, NULL);
	v = world_tell(world, NULL,
		world_join(world, world_words(world, "a", 0, 60), world_words(world, "b", 50, 100)),
		NOON_MS, NULL);
	assert_int_equal(v.kind, VERDICT_REPRINT);
	assert_int_equal(v.group, 21);
	v = world_tell(world, NULL,
		world_join(world, world_words(world, "a", 0, 20), world_words(world, "b", 20, 100)),
		NOON_MS, NULL);
	assert_int_equal(v.group, 22);
	assert_int_equal(ask(NULL, world_words(world, "b", 0, 100), NOON_MS, NULL).group, 22);
	assert_int_equal(ask(NULL, world_words(world, "a", 0, 100), NOON_MS, NULL).group, 21);
}

/* Of two that are as near, the older one, whichever was remembered first. */
static void test_ties(void **state)
{
	char *text = world_words(world, "a", 0, 60);
	struct index_item row;

	(void)state;
	for (int i = 0; i < 2; i++) {
		int item = world_draft(world, NULL, text, NOON_MS);

		assert_int_equal(item, i + 1);
	}
	for (int i = 2; i >= 1; i--) {
		row = world_row(world, i);
		assert_int_equal(story_index_add(world->index, &row), 0);
	}
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).group, 1);
}

/* -- short ones -- */

static void test_short(void **state)
{
	static const char *const texts[] = {"Sport", "News in brief", "Photo of the day",
		"Open thread", "2026", "1", "ok ok ok", "中", "Weather"};

	(void)state;
	fill(20);
	/* Without a level a few words prove nothing. */
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct verdict v = world_tell(world, texts[i], NULL, NOON_MS, NULL);

		assert_int_equal(v.kind, VERDICT_NEW);
		v = ask(texts[i], NULL, NOON_MS, NULL);
		assert_int_equal(v.kind, VERDICT_NEW);
	}
}

/* Different texts under one long title are not one text. */
static void test_same_series(void **state)
{
	(void)state;
	fill(20);
	for (int i = 0; i < 20; i++) {
		struct verdict v = world_tell(world, "The morning briefing of our politics desk",
			world_words(world, "t", i * 40, i * 40 + 40), NOON_MS, NULL);

		assert_int_equal(v.kind, VERDICT_NEW);
	}
}

/* -- merging -- */

static void test_merged(void **state)
{
	struct verdict v;

	(void)state;
	fill(30);
	assert_int_equal(
		tell("alpha beta gamma delta epsilon zeta eta theta", NULL).kind, VERDICT_NEW);
	assert_int_equal(tell("iota kappa lambda my ny xi omikron rho", NULL).kind, VERDICT_NEW);
	world_merge(world, 32, 31);
	v = ask("iota lambda ny omikron kappa my xi rho", NULL, NOON_MS, &index_level_normal);
	assert_int_equal(v.kind, VERDICT_EVENT);
	assert_int_equal(v.story, 31);
	assert_int_equal(v.merge, 0);
	v = ask("beta gamma epsilon zeta alpha theta delta eta", NULL, NOON_MS,
		&index_level_normal);
	assert_int_equal(v.story, 31);
	/* Of what is no more, nothing comes of it. */
	world_merge(world, 32, 31);
	world_merge(world, 31, 31);
	world_merge(world, 999, 31);
	assert_int_equal(story_index_merge(world->index, 0, 31), 0);
	v = ask("iota lambda ny omikron kappa my xi rho", NULL, NOON_MS, &index_level_normal);
	assert_int_equal(v.story, 31);
}

/* All items of the story are the other one's even if nothing of that is known here. */
static void test_merged_into_unknown(void **state)
{
	char *text = world_words(world, "a", 0, 60);

	(void)state;
	fill(20);
	(void)tell("alpha beta gamma delta epsilon zeta eta theta", text);
	assert_int_equal(story_index_merge(world->index, 21, 5000), 0);
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).story, 5000);
	/* A later item of it finds it, and so do those that come by. */
	assert_int_equal(story_index_merge(world->index, 5000, 3), 0);
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).story, 3);
	assert_int_equal(ask(NULL, world_words(world, "f", 60, 90), NOON_MS, NULL).story, 3);
}

/* What was written between two stories makes them one. */
static void test_merge_found(void **state)
{
	struct verdict v;
	bool merged = false;

	(void)state;
	fill(60);
	(void)world_tell(world, NULL, "p1 p2 p3 p4 p5 p6 s1 s2 s3", NOON_MS, NULL);
	(void)world_tell(world, NULL, "s3 q1 s2 q3 q4 s1 q5 q6 q7", NOON_MS, NULL);
	assert_int_equal(world->stories[62], 62);
	for (int i = 0; i < 4 && !merged; i++) {
		v = world_tell(world, NULL,
			i % 2 ? "q6 s1 p2 q1 s2 p5 q3 s3 p1" : "p6 s3 q7 p4 s2 q5 s1 p3", NOON_MS,
			&index_level_wide);
		merged = v.merge != 0;
		if (merged)
			assert_true(v.merge == 61 || v.merge == 62);
	}
	assert_true(merged);
	assert_int_equal(world->stories[61], 61);
	assert_int_equal(world->stories[62], 61);
	assert_int_equal(ask(NULL, "q1 q2 q3 q4 q5 q6 q7", NOON_MS, &index_level_wide).story, 61);
}

/* -- feeds -- */

static struct verdict from(int64_t feed, const char *title, const char *text)
{
	struct verdict v;

	world->feed = feed;
	v = tell(title, text);
	world->feed = 0;
	return v;
}

/* What a feed tells again is no event while nobody else tells of it. */
static void test_one_feed(void **state)
{
	static const char *const titles[] = {
		"tsunami warning after strong earthquake off chile coast",
		"chile coast strong earthquake tsunami after off warning",
		"strong earthquake tsunami chile warning off coast after",
		"off chile warning tsunami strong coast after earthquake",
	};

	(void)state;
	fill(20);
	assert_int_equal(from(1, titles[0], NULL).kind, VERDICT_NEW);
	assert_int_equal(from(1, titles[1], NULL).kind, VERDICT_NEW);
	assert_int_equal(from(1, titles[1], NULL).kind, VERDICT_REPRINT);
	/* Of two as near, the older. */
	assert_int_equal(from(2, titles[2], NULL).story, 21);
	assert_int_equal(from(1, titles[3], NULL).story, 21);
	world_reload(world);
	assert_int_equal(from(1, titles[2], NULL).story, 21);
}

/* Whether one feed tells of a story alone is seen after it was made one with another, too. */
static void test_feeds_merged(void **state)
{
	static const struct {
		int64_t one, other, asked;
		bool joins;
	} cases[] = {
		{1, 1, 1, false},
		{1, 1, 2, true},
		{1, 2, 1, true},
		{1, 2, 3, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_destroy(world);
		world = world_create();
		fill(30);
		(void)from(cases[i].one, "alpha beta gamma delta epsilon zeta eta", NULL);
		(void)from(cases[i].other, "iota kappa lambda my ny xi omikron", NULL);
		world_merge(world, 32, 31);
		for (int again = 0; again < 2; again++) {
			world->feed = cases[i].asked;
			assert_int_equal(ask("beta delta alpha zeta gamma eta epsilon", NULL,
						 NOON_MS, &index_level_normal)
						 .story,
				cases[i].joins ? 31 : 0);
			world->feed = 0;
			world_reload(world);
		}
	}
}

/* -- what cannot be had, and what is odd -- */

static void test_lost(void **state)
{
	char *text = world_words(world, "a", 0, 60);
	struct verdict v;

	(void)state;
	fill(20);
	(void)tell("Some title", text);
	world->lost = true;
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).kind, VERDICT_NEW);
	v = ask(NULL, text, NOON_MS, &index_level_normal);
	assert_int_equal(v.kind, VERDICT_EVENT);
	assert_int_equal(v.story, 21);
	world->lost = false;
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).kind, VERDICT_REPRINT);
}

/* A reprint whose original is no longer there: it stands for it. */
static void test_original_gone(void **state)
{
	char *text = world_words(world, "a", 0, 60);
	struct verdict v;

	(void)state;
	fill(20);
	for (int i = 0; i < 3; i++) {
		int item = world_draft(world, NULL, text, NOON_MS);
		struct index_item row;

		world->groups[item] = 9999;
		world->stories[item] = 777;
		row = world_row(world, item);
		assert_int_equal(story_index_add(world->index, &row), 0);
	}
	v = ask(NULL, text, NOON_MS, NULL);
	assert_int_equal(v.kind, VERDICT_REPRINT);
	assert_int_equal(v.story, 777);
	assert_int_equal(v.group, 9999);
	for (int i = 1; i <= 20; i++)
		assert_int_equal(
			ask(NULL, world_words(world, "f", i * 30 - 30, i * 30), NOON_MS, NULL)
				.group,
			i);
}

/* A reprint that was put into another story than its original, as a user may. */
static void test_split_off(void **state)
{
	char *text = world_words(world, "a", 0, 60);
	struct index_item row;

	(void)state;
	fill(20);
	(void)tell(NULL, text);
	row = world_row(world, world_draft(world, NULL, text, NOON_MS));
	row.group = 21;
	row.story = 500;
	assert_int_equal(story_index_add(world->index, &row), 0);
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).story, 21);
	assert_int_equal(story_index_merge(world->index, 500, 21), 0);
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).story, 21);
	row.item = row.group = world_draft(world, NULL, world_words(world, "b", 0, 60), NOON_MS);
	row.fingerprint = &world->fingerprints[row.item];
	row.story = 500;
	assert_int_equal(story_index_add(world->index, &row), 0);
	assert_int_equal(ask(NULL, world_words(world, "b", 0, 60), NOON_MS, NULL).story, 500);
	/* A story without a text of its own takes another in. */
	row.item = world_draft(world, NULL, text, NOON_MS);
	row.group = 21;
	row.story = 600;
	assert_int_equal(story_index_add(world->index, &row), 0);
	assert_int_equal(story_index_merge(world->index, 500, 600), 0);
	assert_int_equal(ask(NULL, world_words(world, "b", 0, 60), NOON_MS, NULL).story, 600);
}

static void test_added_twice(void **state)
{
	char *text = world_words(world, "a", 0, 60);
	struct index_item row;

	(void)state;
	fill(20);
	(void)tell(NULL, text);
	row = world_row(world, 21);
	for (int i = 0; i < 10; i++)
		assert_int_equal(story_index_add(world->index, &row), 0);
	assert_int_equal(ask(NULL, text, NOON_MS, NULL).group, 21);
}

/* One that was judged and not remembered leaves nothing behind, not even where the next one stands
 * in its place. */
static void test_same_place(void **state)
{
	static const char words[] = "chile coast strong earthquake tsunami after off warning";
	struct fingerprint place;
	struct index_item row;
	uint32_t score;

	(void)state;
	fill(20);
	(void)world_draft(
		world, "tsunami warning after strong earthquake off chile coast", NULL, NOON_MS);
	row = world_row(world, 21);
	assert_int_equal(story_index_add(world->index, &row), 0);
	score = ask(words, NULL, NOON_MS, &index_level_normal).score;
	assert_true(score > 0);
	story_index_destroy(world->index);
	world->index = story_index_create(world_load, world, world_seed);
	assert_non_null(world->index);
	row.fingerprint = &place;
	for (int i = 1; i <= 21; i++) {
		struct index_item before = world_row(world, i);
		struct verdict v;

		place = world->fingerprints[i / 2 + 1];
		story_index_judge(world->index, &row, NULL, &v);
		place = world->fingerprints[i];
		before.fingerprint = &place;
		assert_int_equal(story_index_add(world->index, &before), 0);
	}
	assert_int_equal(ask(words, NULL, NOON_MS, &index_level_normal).score, score);
}

static void test_full(void **state)
{
	struct fingerprint f = {.script = SCRIPT_LATIN};
	struct index_item row = {.story = 1, .group = 1, .time_ms = NOON_MS, .fingerprint = &f};

	(void)state;
	for (row.item = 1; row.item <= STORY_ITEMS_MAX; row.item++)
		assert_int_equal(story_index_add(world->index, &row), 0);
	assert_int_equal(story_index_add(world->index, &row), ERR_TOO_BIG);
	assert_int_equal(ask("a b c d e f", NULL, NOON_MS, &index_level_normal).kind, VERDICT_NEW);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_reprint),
		TEST(test_event),
		TEST(test_levels),
		TEST(test_reprints_only),
		TEST(test_scripts),
		TEST(test_many_scripts),
		TEST(test_windows),
		TEST(test_silence),
		TEST(test_no_chain),
		TEST(test_ties),
		TEST(test_short),
		TEST(test_same_series),
		TEST(test_merged),
		TEST(test_merged_into_unknown),
		TEST(test_merge_found),
		TEST(test_one_feed),
		TEST(test_feeds_merged),
		TEST(test_lost),
		TEST(test_original_gone),
		TEST(test_split_off),
		TEST(test_added_twice),
		TEST(test_same_place),
		TEST(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
