/* The words of dates, folded so that one row serves many languages. */
#include "parse/date_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* The base letters of U+00C0 to U+017F. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
			    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

struct fold {
	uint16_t first;
	uint16_t last;
	int32_t shift;  /* what is added, */
	uint16_t exact; /* or what it becomes, where not 0 */
};

enum { DROPPED = 0xFFFF };

/* Greek loses its accents and capitals, Cyrillic its capitals; blanks and dashes of any width
 * become the plain ones. */
static const struct fold folds[] = {{0x00A0, 0x00A0, 0, ' '}, {0x0300, 0x036F, 0, DROPPED},
	{0x0386, 0x0386, 0, 0x3B1}, {0x0388, 0x0388, 0, 0x3B5}, {0x0389, 0x0389, 0, 0x3B7},
	{0x038A, 0x038A, 0, 0x3B9}, {0x038C, 0x038C, 0, 0x3BF}, {0x038E, 0x038E, 0, 0x3C5},
	{0x0390, 0x0390, 0, 0x3B9}, {0x0391, 0x03A9, 32, 0}, {0x03AA, 0x03AA, 0, 0x3B9},
	{0x03AC, 0x03AC, 0, 0x3B1}, {0x03AD, 0x03AD, 0, 0x3B5}, {0x03AE, 0x03AE, 0, 0x3B7},
	{0x03AF, 0x03AF, 0, 0x3B9}, {0x03C2, 0x03C2, 0, 0x3C3}, {0x03CA, 0x03CA, 0, 0x3B9},
	{0x03CB, 0x03CB, 0, 0x3C5}, {0x03CC, 0x03CC, 0, 0x3BF}, {0x03CD, 0x03CD, 0, 0x3C5},
	{0x0400, 0x040F, 80, 0}, {0x0410, 0x042F, 32, 0}, {0x2000, 0x200F, 0, ' '},
	{0x2010, 0x2015, 0, '-'}, {0x202F, 0x202F, 0, ' '}, {0x2212, 0x2212, 0, '-'},
	{0x3000, 0x3000, 0, ' '}, {0xFEFF, 0xFEFF, 0, ' '}, {0xFF0C, 0xFF0C, 0, ','},
	{0xFF10, 0xFF1A, 0x30 - 0xFF10, 0}};

size_t date_fold_wide(const char *s, size_t len, uint32_t *ret_char)
{
	uint32_t c;
	size_t taken = utf8_next(s, len, &c);

	if (c >= 0xC0 && c <= 0x17F)
		c = (uint32_t)latin[c - 0xC0];
	else if (c >= 0xA0)
		for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++) {
			if (c < folds[i].first || c > folds[i].last)
				continue;
			if (folds[i].exact)
				c = folds[i].exact == DROPPED ? 0 : folds[i].exact;
			else
				c = (uint32_t)((int32_t)c + folds[i].shift);
			break;
		}
	*ret_char = c;
	return taken;
}

struct row {
	const char *word;
	struct date_word meaning;
};

/* In the order of strcmp(). Zones in minutes. Of names that several zones share the one with most
 * readers is taken: IST is India, CST and BST are the American and the British. */
static const struct row words[] = {{"a.m", {WORD_HALF, 0}}, {"acdt", {WORD_ZONE, 630}},
	{"acst", {WORD_ZONE, 570}}, {"adt", {WORD_ZONE, -180}}, {"aedt", {WORD_ZONE, 660}},
	{"aest", {WORD_ZONE, 600}}, {"akdt", {WORD_ZONE, -480}}, {"akst", {WORD_ZONE, -540}},
	{"am", {WORD_HALF, 0}}, {"art", {WORD_ZONE, -180}}, {"ast", {WORD_ZONE, -240}},
	{"at", {WORD_ZONE, -240}}, {"awst", {WORD_ZONE, 480}}, {"brst", {WORD_ZONE, -120}},
	{"brt", {WORD_ZONE, -180}}, {"bst", {WORD_ZONE, 60}}, {"cat", {WORD_ZONE, 120}},
	{"cdst", {WORD_ZONE, -300}}, {"cdt", {WORD_ZONE, -300}}, {"cest", {WORD_ZONE, 120}},
	{"cet", {WORD_ZONE, 60}}, {"clst", {WORD_ZONE, -180}}, {"clt", {WORD_ZONE, -240}},
	{"cot", {WORD_ZONE, -300}}, {"cst", {WORD_ZONE, -360}}, {"ct", {WORD_ZONE, -360}},
	{"d", {WORD_FILLER, 0}}, {"de", {WORD_FILLER, 0}}, {"del", {WORD_FILLER, 0}},
	{"di", {WORD_FILLER, 0}}, {"do", {WORD_FILLER, 0}}, {"eat", {WORD_ZONE, 180}},
	{"edst", {WORD_ZONE, -240}}, {"edt", {WORD_ZONE, -240}}, {"eest", {WORD_ZONE, 180}},
	{"eet", {WORD_ZONE, 120}}, {"er", {WORD_FILLER, 0}}, {"est", {WORD_ZONE, -300}},
	{"et", {WORD_ZONE, -300}}, {"gmt", {WORD_ZONE, 0}}, {"gst", {WORD_ZONE, 240}},
	{"h", {WORD_UNIT, 'h'}}, {"hkt", {WORD_ZONE, 480}}, {"hst", {WORD_ZONE, -600}},
	{"ict", {WORD_ZONE, 420}}, {"idt", {WORD_ZONE, 180}}, {"ist", {WORD_ZONE, 330}},
	{"jst", {WORD_ZONE, 540}}, {"kst", {WORD_ZONE, 540}}, {"mdst", {WORD_ZONE, -360}},
	{"mdt", {WORD_ZONE, -360}}, {"mest", {WORD_ZONE, 120}}, {"mesz", {WORD_ZONE, 120}},
	{"met", {WORD_ZONE, 60}}, {"mez", {WORD_ZONE, 60}}, {"msd", {WORD_ZONE, 240}},
	{"msk", {WORD_ZONE, 180}}, {"mst", {WORD_ZONE, -420}}, {"mt", {WORD_ZONE, -420}},
	{"myt", {WORD_ZONE, 480}}, {"nd", {WORD_FILLER, 0}}, {"ndt", {WORD_ZONE, -150}},
	{"npt", {WORD_ZONE, 345}}, {"nst", {WORD_ZONE, -210}}, {"nzdt", {WORD_ZONE, 780}},
	{"nzst", {WORD_ZONE, 720}}, {"nzt", {WORD_ZONE, 720}}, {"o", {WORD_FILLER, 0}},
	{"of", {WORD_FILLER, 0}}, {"p.m", {WORD_HALF, 12}}, {"pdst", {WORD_ZONE, -420}},
	{"pdt", {WORD_ZONE, -420}}, {"pet", {WORD_ZONE, -300}}, {"pht", {WORD_ZONE, 480}},
	{"pkt", {WORD_ZONE, 300}}, {"pm", {WORD_HALF, 12}}, {"pst", {WORD_ZONE, -480}},
	{"pt", {WORD_ZONE, -480}}, {"rd", {WORD_FILLER, 0}}, {"sast", {WORD_ZONE, 120}},
	{"sgt", {WORD_ZONE, 480}}, {"st", {WORD_FILLER, 0}}, {"t", {WORD_FILLER, 0}},
	{"th", {WORD_FILLER, 0}}, {"trt", {WORD_ZONE, 180}}, {"ut", {WORD_ZONE, 0}},
	{"utc", {WORD_ZONE, 0}}, {"uyt", {WORD_ZONE, -180}}, {"w", {WORD_WEEK, 0}},
	{"wat", {WORD_ZONE, 60}}, {"west", {WORD_ZONE, 60}}, {"wet", {WORD_ZONE, 0}},
	{"wib", {WORD_ZONE, 420}}, {"wita", {WORD_ZONE, 480}}, {"z", {WORD_ZONE, 0}},
	{"μ.μ", {WORD_HALF, 12}}, {"μμ", {WORD_HALF, 12}}, {"π.μ", {WORD_HALF, 0}},
	{"πμ", {WORD_HALF, 0}}, {"г", {WORD_FILLER, 0}}, {"上午", {WORD_HALF, 0}},
	{"下午", {WORD_HALF, 12}}, {"分", {WORD_UNIT, 'm'}}, {"午前", {WORD_HALF, 0}},
	{"午後", {WORD_HALF, 12}}, {"年", {WORD_UNIT, 'Y'}}, {"日", {WORD_UNIT, 'D'}},
	{"时", {WORD_UNIT, 'h'}}, {"時", {WORD_UNIT, 'h'}}, {"月", {WORD_UNIT, 'M'}},
	{"点", {WORD_UNIT, 'h'}}, {"秒", {WORD_UNIT, 's'}}, {"년", {WORD_UNIT, 'Y'}},
	{"분", {WORD_UNIT, 'm'}}, {"시", {WORD_UNIT, 'h'}}, {"오전", {WORD_HALF, 0}},
	{"오후", {WORD_HALF, 12}}, {"월", {WORD_UNIT, 'M'}}, {"일", {WORD_UNIT, 'D'}},
	{"초", {WORD_UNIT, 's'}}};

struct month {
	const char *prefix;
	int number; /* 0: a weekday that looks like a month */
};

/* How the months begin, the longer beginning in front of the shorter. English, German, French,
 * Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Norwegian, Finnish, Polish, Czech,
 * Hungarian, Turkish, Greek, Russian, Ukrainian. */
static const struct month months[] = {{"jan", 1}, {"ene", 1}, {"gen", 1}, {"led", 1}, {"sty", 1},
	{"oca", 1}, {"tammi", 1}, {"янв", 1}, {"ιαν", 1}, {"січ", 1}, {"feb", 2}, {"fev", 2},
	{"uno", 2}, {"lut", 2}, {"sub", 2}, {"helmi", 2}, {"фев", 2}, {"φεβ", 2}, {"лют", 2},
	{"marras", 11}, {"martes", 0}, {"marted", 0}, {"mardi", 0}, {"mar", 3}, {"mrz", 3},
	{"mrt", 3}, {"maar", 3}, {"maali", 3}, {"bre", 3}, {"мар", 3}, {"μαρ", 3}, {"бер", 3},
	{"apr", 4}, {"avr", 4}, {"abr", 4}, {"dub", 4}, {"kwi", 4}, {"nis", 4}, {"huhti", 4},
	{"апр", 4}, {"απρ", 4}, {"кві", 4}, {"may", 5}, {"mai", 5}, {"maj", 5}, {"mei", 5},
	{"mag", 5}, {"kve", 5}, {"touko", 5}, {"май", 5}, {"мая", 5}, {"μαι", 5}, {"тра", 5},
	{"jun", 6}, {"juin", 6}, {"giu", 6}, {"cervenc", 7}, {"cervenec", 7}, {"cvc", 7},
	{"cer", 6}, {"cvn", 6}, {"cze", 6}, {"haz", 6}, {"kesa", 6}, {"июн", 6}, {"ιουν", 6},
	{"чер", 6}, {"jul", 7}, {"juil", 7}, {"lug", 7}, {"lip", 7}, {"tem", 7}, {"heina", 7},
	{"июл", 7}, {"ιουλ", 7}, {"лип", 7}, {"aug", 8}, {"ago", 8}, {"aou", 8}, {"srp", 8},
	{"sie", 8}, {"agu", 8}, {"elo", 8}, {"авг", 8}, {"αυγ", 8}, {"сер", 8}, {"sep", 9},
	{"set", 9}, {"szep", 9}, {"zar", 9}, {"wrz", 9}, {"eyl", 9}, {"syys", 9}, {"сен", 9},
	{"σεπ", 9}, {"вер", 9}, {"oct", 10}, {"okt", 10}, {"ott", 10}, {"out", 10}, {"rij", 10},
	{"paz", 10}, {"eki", 10}, {"loka", 10}, {"окт", 10}, {"οκτ", 10}, {"жов", 10}, {"nov", 11},
	{"lis", 11}, {"kas", 11}, {"ноя", 11}, {"νοε", 11}, {"лис", 11}, {"dec", 12}, {"dez", 12},
	{"dic", 12}, {"des", 12}, {"pro", 12}, {"gru", 12}, {"ara", 12}, {"joulu", 12}, {"дек", 12},
	{"δεκ", 12}, {"гру", 12}};

static int compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct row *)row)->word);
}

struct date_word date_word_find(const char *word)
{
	const struct row *r =
		bsearch(word, words, sizeof(words) / sizeof(words[0]), sizeof(words[0]), compare);

	if (r)
		return r->meaning;
	for (size_t i = 0; i < sizeof(months) / sizeof(months[0]); i++) {
		const char *prefix = months[i].prefix;

		if (*word == *prefix && strncmp(word, prefix, strlen(prefix)) == 0)
			return (struct date_word){
				months[i].number ? WORD_MONTH : WORD_UNKNOWN, months[i].number};
	}
	return (struct date_word){WORD_UNKNOWN, 0};
}

/* Of the time-zone database (https://www.iana.org/time-zones) the places that feeds name. */
static const struct date_place places[] = {
	{" london dublin lisbon belfast ", 0, SUMMER_EUROPE},
	{" amsterdam belgrade berlin bratislava brussels budapest copenhagen ljubljana luxembourg"
	 " madrid oslo paris prague rome stockholm vienna warsaw zagreb zurich ",
		60, SUMMER_EUROPE},
	{" athens bucharest helsinki kiev kyiv riga sofia tallinn vilnius ", 120, SUMMER_EUROPE},
	{" istanbul minsk moscow nairobi riyadh ", 180, SUMMER_NEVER},
	{" dubai ", 240, SUMMER_NEVER},
	{" karachi ", 300, SUMMER_NEVER},
	{" calcutta kolkata ", 330, SUMMER_NEVER},
	{" bangkok ho jakarta saigon ", 420, SUMMER_NEVER},
	{" hong manila perth shanghai singapore taipei ", 480, SUMMER_NEVER},
	{" seoul tokyo ", 540, SUMMER_NEVER},
	{" brisbane melbourne sydney ", 600, SUMMER_NEVER},
	{" auckland ", 720, SUMMER_NEVER},
	{" buenos sao ", -180, SUMMER_NEVER},
	{" halifax ", -240, SUMMER_AMERICA},
	{" detroit montreal new toronto ", -300, SUMMER_AMERICA},
	{" bogota lima ", -300, SUMMER_NEVER},
	{" chicago winnipeg ", -360, SUMMER_AMERICA},
	{" mexico ", -360, SUMMER_NEVER},
	{" denver edmonton ", -420, SUMMER_AMERICA},
	{" phoenix ", -420, SUMMER_NEVER},
	{" los vancouver ", -480, SUMMER_AMERICA},
	{" anchorage ", -540, SUMMER_AMERICA},
	{" honolulu ", -600, SUMMER_NEVER},
};

const struct date_place *date_place_find(const char *word)
{
	char key[DATE_WORD_BYTES + 2];

	snprintf(key, sizeof(key), " %s ", word);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strstr(places[i].names, key) != NULL)
			return &places[i];
	return NULL;
}
