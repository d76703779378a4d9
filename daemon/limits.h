/* Every maximum of the daemon in one place, each with its reason. */

/* The C library has a file of this name, too, and looks for its own through the same folders: pass
 * it on. */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winclude-next-absolute-path" /* for sources beside this file */
#endif
#include_next <limits.h>
#ifdef __clang__
#pragma clang diagnostic pop
#endif

#ifndef TIDINGS_LIMITS_H
#define TIDINGS_LIMITS_H

/* -- base -- */

/* Bytes; journald splits longer lines, and a feed's title must not fill a disk */
#define LOG_LINE_MAX 2048

/* C8: longest URL kept from a document; requests have their own, lower one */
#define URL_MAX_BYTES 65536

/* -- config -- */

/* Bytes of a file with a password: more than a line of one is none. */
#define CONFIG_PASSWORD_MAX 4096

/* Header lines of a feed; hosts, and paths, of a rate group. */
#define CONFIG_HEADERS_MAX 16
#define CONFIG_GROUP_MAX   64

/* Bytes; CONFIG_FEEDS_MAX sections with room for comments */
#define CONFIG_FILE_MAX (4 * 1024 * 1024)

/* The configuration library looks a section's name up among all before it */
#define CONFIG_FEEDS_MAX 10000

/* Bytes of a feed's name; a line of a list shows it whole */
#define CONFIG_NAME_MAX 200

/* Bytes of one value: the longest URL we request */
#define CONFIG_VALUE_MAX 8192

/* Folders for file: feeds; each is tried in turn */
#define CONFIG_ROOTS_MAX 64

/* Findings told at once: a screenful */
#define CONFIG_REPORT_MAX 20

/* -- fetch -- */

/* Bytes of a URL we request; servers refuse longer ones (RFC 9110, 4.1) */
#define FETCH_URL_MAX 8192

/* Bytes of memory to take one URL apart */
#define FETCH_URL_ARENA (8 * FETCH_URL_MAX)

/* Bytes of the strings of the options: user agent and folders */
#define FETCH_OPTIONS_MAX 65536

/* Redirects in one poll (A35) */
#define FETCH_HOPS_MAX 10

/* Bytes kept of one header value that is stored (ETag, Last-Modified) */
#define FETCH_HEADER_MAX 4096

/* Bytes of a Content-Encoding: five codings are as many as are undone */
#define FETCH_CODINGS_MAX 128

/* Bytes of all header lines of one hop; libcurl 7.88 itself stops at 300 KB (A33) */
#define FETCH_HEAD_MAX (256 * 1024)

/* Default cap on a document, decoded (A30); the configuration may change it */
#define FETCH_BODY_MAX (16 * 1024 * 1024)

/* Bytes of all documents received, as they came, and not parsed yet: 1,000 hosts together must not
 * fill the memory
 * */
#define FETCH_BODIES_MAX (256 * 1024 * 1024)

/* Bytes read of the page that comes with an error or a redirect */
#define FETCH_ERROR_BODY_MAX 65536

/* Bytes/s; what is slower for low_speed_ms ends (A32) */
#define FETCH_LOW_SPEED 100

/* Decoded bytes to received ones: text packs to a tenth, bombs to a thousandth (A30) */
#define FETCH_RATIO_MAX 200

/* A server that has said nothing for so long keeps no slot from others: most answer sooner */
#define FETCH_PATIENCE_MS 250

/* Silent transfers for one slot, and in all, some 20 KB and at most two descriptors each */
#define FETCH_PARKED_FACTOR 9
#define FETCH_PARKED_MAX    2000

/* Idle curl handles, 20 KB each: making one costs less than a request */
#define FETCH_HANDLES_KEPT 64

/* Connections kept open after their transfer: most feeds are alone on their host (A38) */
#define FETCH_IDLE_CONNECTIONS_MAX 100

/* A server may hold a feed back for a day at most (A18) */
#define RETRY_AFTER_MAX_MS INT64_C(86400000)

/* What a server says of freshness counts up to a week (A10) */
#define FRESH_MAX_MS INT64_C(604800000)

/* Cached names, about 0.9 KB each */
#define RESOLVER_NAMES_MAX 4096

/* Addresses of one name that are tried */
#define RESOLVER_ADDRESSES_MAX 8

/* Seconds; even a TTL of 0 serves one burst of requests */
#define RESOLVER_TTL_MIN_S 30

/* Seconds; a name that moved is found within an hour */
#define RESOLVER_TTL_MAX_S 3600

/* Seconds for which "no such name" is believed (A50) */
#define RESOLVER_NEGATIVE_S 60

/* Seconds for which a name server's failure counts, so that a burst does not ask again at once
 * */
#define RESOLVER_FAILURE_S 5

/* Of transfers in one turn of the loop: clients wait no longer for them */
#define FETCH_TURN_MS 2

/* -- parse (C7, C8) -- */

/* Items taken of one document */
#define PARSE_ITEMS_MAX 5000

/* All texts of one item together */
#define PARSE_ITEM_BYTES_MAX (1024 * 1024)

/* Title, URL, guid, name */
#define PARSE_FIELD_MAX 65536

/* Enclosures of one item */
#define PARSE_ENCLOSURES_MAX 512

/* Elements without a field of their own, kept of one feed or item: each is compared with all */
#define PARSE_EXTENSIONS_MAX 64

/* Bytes of all of them together: they stand in the item's row, which lists read */
#define PARSE_EXTENSION_BYTES_MAX 8192

/* Nesting of elements; libxml2 stops there, too */
#define PARSE_DEPTH_MAX 256

/* Bytes of one start tag: attributes are quadratic in libxml2 2.9 (0.06 s at this size) */
#define PARSE_TAG_MAX 65536

/* Attributes of one start tag, and namespaces in force: both are searched one by one */
#define PARSE_ATTRIBUTES_MAX 128

/* Attributes of all tags of one item */
#define PARSE_ITEM_ATTRIBUTES_MAX 2000

/* Authors of one feed or item: repeats are found one by one */
#define PARSE_PERSONS_MAX 64

/* Categories of one feed or item: the same */
#define PARSE_CATEGORIES_MAX 100

/* Values of one JSON document: each takes up to 48 bytes as a tree */
#define PARSE_JSON_VALUES_MAX 1000000

/* A parsed document may take this times its size, plus a little */
#define PARSE_ARENA_FACTOR 4

/* Feeds that an HTML page offers: each is compared with those before it */
#define PARSE_OFFERS_MAX 32

/* Bytes of freed memory kept for the next document: getting them anew takes half as long as
 * reading a large one does */
#define PARSE_MEMORY_KEPT (32 * 1024 * 1024)

/* Pools that malloc() has: with one for each thread, each keeps pages for a few bytes, and in a
 * month of days 15 % more are never given back */
#define PARSE_ARENAS 3

/* Remarks kept on one document */
#define PARSE_PROBLEMS_MAX 32

/* Open elements of a text in HTML; browsers stop at 512 (C12) */
#define HTML_DEPTH_MAX 256

/* Bytes of an image inside a text in HTML, or of a list of image URLs */
#define HTML_DATA_URL_MAX (128 * 1024)

/* Bytes that resolving links may add to one text: a long base and many short links multiply */
#define HTML_LINK_GROWTH_MAX (1024 * 1024)

/* Bytes of one subscription list (C16) */
#define OPML_BYTES_MAX (16 * 1024 * 1024)

/* Memory to read one: this times its size, plus that of a request */
#define LIST_ARENA_FACTOR 8

/* Feeds of one subscription list; more than any reader holds */
#define OPML_FEEDS_MAX 120000

/* Folders in folders of a subscription list */
#define OPML_DEPTH_MAX 64

/* -- refresh -- */

/* Bytes of plain text kept beside an item, what a list shows under a title */
#define EXCERPT_MAX 400

/* Documents waiting for the parser before fetching pauses: their bodies are held in memory */
#define PARSE_QUEUE_MAX 16

/* A poll that could not even begin, for want of memory or of room among the readers */
#define START_RETRY_MS 5000

/* A poll that could not be stored is made again after so long */
#define STORE_RETRY_MS (5 * 60 * 1000)

/* Bytes of a feed's icon: podcasts give theirs of 1400 pixels */
#define ICON_BYTES_MAX (256 * 1024)

/* Icons asked for at the same time: further ones come with a later poll */
#define ICONS_MAX 8

/* An icon, and that there is none, is believed for so long (A44) ... */
#define ICON_KEPT_MS (30LL * 24 * 3600 * 1000)

/* ... and is not asked for sooner than this after a stop in between, or where a feed names another
 * at every poll */
#define ICON_RETRY_MS (24 * 3600 * 1000)

/* Looks for the feeds of an address at the same time, each of which may hold a document, and how
 * long one may take in all: somebody waits for it */
#define DISCOVER_MOST 4
#define DISCOVER_MS   (30 * 1000)

/* Requests of one such look, redirects aside (A43) */
#define DISCOVER_REQUESTS 5

/* Documents that were looked at, and their bytes, which wait so long for what comes of that: a
 * person decides within minutes, and another request is no loss of anything */
#define KEPT_MOST  4
#define KEPT_BYTES (4 * 1024 * 1024)
#define KEPT_MS    (5 * 60 * 1000)

/* A rate group whose server answers 429 without saying for how long (A19) */
#define HOLD_MS (10 * 60 * 1000)

/* A rate group's name: the longest host name, a colon, a port; one by the feed may be cut */
#define GROUP_BYTES 272

/* Items of a new feed whose dates tell its rhythm: more than a document usually has */
#define PLAN_SEED_ITEMS 500

/* What a feed says of its own interval counts up to a year, so that it can be reckoned with */
#define HINT_MAX_MS (365 * 24 * 3600 * INT64_C(1000))

/* A20: a permanent redirect is believed after so many polls in a row, over so long */
#define MOVED_POLLS 3

#define MOVED_MS (48 * 3600 * 1000)

/* A23: a 410 is asked again a day later before it is believed */
#define GONE_CONFIRM_MS (24 * 3600 * 1000)

/* -- api (C16-C18, C23) -- */

/* Bytes of a request's line and fields */
#define API_HEAD_MAX 32768

/* Bytes of a request's body: newsreaders send 10,000 ids in one */
#define API_BODY_MAX (4 * 1024 * 1024)

/* Bytes of all bodies held at once, so that many clients together stay bounded */
#define API_BODIES_MAX (64 * 1024 * 1024)

/* Bytes a client may send ahead of its answers; then reading pauses */
#define API_AHEAD_MAX 65536

/* Segments of a path that any route has, and some */
#define API_SEGMENTS_MAX 32

/* Pairs of a form: API_IDS_MAX ids, and what is said of them */
#define FORM_PAIRS_MAX 10100

/* Bytes of what stands between the parts of a form */
#define FORM_BOUNDARY_MAX 200

/* Ids in one batch */
#define API_IDS_MAX 10000

/* Stories, and items, of one word about stories: nobody waits long for it */
#define API_WORD_STORIES 100
#define API_WORD_ITEMS   1000

/* Credentials of clients: each is compared with what a request shows */
#define CREDENTIALS_MAX     64
#define CREDENTIAL_NAME_MAX 64

/* Addresses, and names tried from there, that are remembered for their failures */
#define ACCESS_SLOW_MAX 64

/* Bytes of a field that shows a credential, and of Host and Origin: what is longer is none */
#define ACCESS_FIELD_MAX 512

/* Two failures may be a mistyped password; each after that costs twice as long as the one before.
 * Passwords of ours can't be guessed in any time: it keeps the log short */
#define ACCESS_FREE_FAILURES 3
#define ACCESS_WAIT_MS       INT64_C(1000)
#define ACCESS_WAIT_MAX_MS   (60 * INT64_C(1000))
#define ACCESS_FORGET_MS     (15 * 60 * INT64_C(1000))

/* How exactly it is known when a credential was used last */
#define ACCESS_USED_MS (3600 * INT64_C(1000))

/* Of API_BODIES_MAX, what those who come by TCP get: nobody has looked at their credentials yet */
#define API_BODIES_TCP_MAX (16 * 1024 * 1024)

/* Names of ours, and pages that may ask, in the configuration: compared with each request */
#define API_NAMES_MAX 16

/* Nesting of a request's JSON */
#define API_JSON_DEPTH 64

/* Values of a request's JSON: API_IDS_MAX and room to say that they are too many. Each takes up to
 * 400 bytes as a tree, a hundred times its text */
#define API_JSON_VALUES 20000

/* Bytes of a name that a user gives */
#define API_NAME_MAX 1000

/* Seconds between polls that a client may ask for: the range of `interval` in the configuration
 * */
#define API_INTERVAL_MIN_S 300

#define API_INTERVAL_MAX_S (30 * 24 * 3600)

/* Outlets named under the text of a story in a newsreader: who wants all asks for the story */
#define ENTRY_OUTLETS_MAX 30

/* Bytes after which a list ends early and goes on behind its cursor */
#define API_LIST_SOFT (4 * 1024 * 1024)

/* Bytes of an answer: the soft end and the largest single item, escaped */
#define API_REPLY_MAX (16 * 1024 * 1024)

/* Bytes of answers waiting for slow readers, or half-made for their turn; beyond it large ones
 * become 503 */
#define API_UNSENT_MAX (128 * 1024 * 1024)

/* Items with their texts in one answer to readers of Google Reader: Readrops asks for 2,500 and
 * does not go on behind them */
#define GREADER_LIST_MAX 5000

/* Bytes of such an answer: readers that name 9,999 items want all of them. It ends when it is so
 * long, and has room for one more item. As a whole it is what a list of all feeds may have: some
 * 55,000 for Miniflux's, 180,000 for Google Reader's */
#define GREADER_REPLY_SOFT (48 * 1024 * 1024)
#define GREADER_REPLY_MAX  (GREADER_REPLY_SOFT + API_REPLY_MAX)

/* Of such an answer in one job: a read has STORE_READ_DEADLINE_MS, and others wait for their turn
 */
#define GREADER_STEP_MS 200

/* Lines of the change log looked at for one answer */
#define API_SCAN_MAX 10000

/* Longest long poll */
#define API_WAIT_MAX_S 60

/* Bytes of one change with its objects; further objects are told by id alone */
#define API_LINE_MAX (1024 * 1024)

/* Bytes of changes handed to an event stream at once, and one line: all that a slow reader ever
 * costs */
#define API_CHUNK_MAX 65536

/* Newest changes kept encoded for all streams together */
#define API_RING_LINES 4096

/* ... and their bytes */
#define API_RING_BYTES (16 * 1024 * 1024)

/* Streams that read the log by themselves at the same time */
#define API_CATCHUPS_MAX 4

/* -- subscriptions -- */

/* The declarations read from it or from the configuration */
#define LIST_ARENA_MAX (256 * 1024 * 1024)

/* One feed's row */
#define FEED_ARENA_MAX (1024 * 1024)

/* An overdue feed's worth beyond which all are equal */
#define WORTH_MAX 1000000000

/* -- poller -- */

/* Starts in a second while many are overdue at once, after a stop, a sleep or an outage (B5) ... */
#define SPREAD_STARTS_PER_S 50

/* ... as long as all of them fit into this */
#define SPREAD_MOST_MS (3600 * 1000)

/* A machine that was suspended for longer has feeds that are overdue */
#define SLEPT_MS 60000

/* -- server -- */

/* User-Agent with its contact */
#define AGENT_BYTES 256

/* One refresh beside PARSE_ARENA_FACTOR times its document */
#define REFRESH_ARENA_BASE (4 * 1024 * 1024)

/* Descriptors beside those of polls and clients: databases of all threads, log, libraries */
#define DESCRIPTORS_SPARE 128

/* Polls beyond `connections` that wait for another host's turn after a redirect, some 8 KiB each */
#define POLLS_REDIRECTED_MAX 2000

/* What is done once a day is first done after so long */
#define DAILY_FIRST_MS 60000

#define DAILY_MS (24 * 3600 * 1000)

/* Nothing due for so long: memory that only makes the next polls quicker is given back */
#define REST_MS 10000

/* Requests under way may take so long when stopping */
#define STOP_GRACE_MS 1000

/* Then the process ends in any case: 5 s are promised */
#define STOP_DEADLINE_MS 4500

/* -- store -- */

/* Jobs of one class waiting: each poll's job holds a document's arena */
#define STORE_QUEUE_MAX 1024

/* Reads waiting for the pool: more clients than that are told to come back */
#define STORE_READS_MAX 1024

/* Work in one commit: a user never waits longer for polls */
#define STORE_COMMIT_MS 50

/* C22; a longer reader would keep the log from being emptied (C34) */
#define STORE_READ_DEADLINE_MS 2000

/* For a lock that another program holds on the database */
#define STORE_LOCK_WAIT_MS 5000

/* A database that fails is tried again after so long, then twice as long, up to the second; what
 * fails again soon after it worked goes on where it was */
#define STORE_TRY_MS      1000
#define STORE_TRY_MAX_MS  (60 * 1000)
#define STORE_TRY_CALM_MS (10 * 60 * 1000)

/* Prepared for one connection, some 5 KB each */
#define STORE_STATEMENTS_MAX 96

/* Pages of the writing connection: the hot ends of a dozen trees */
#define STORE_WRITE_CACHE_KIB 8192

/* Pages of each reading one (as many as pool threads) */
#define STORE_READ_CACHE_KIB 2048

/* The log is copied back after so many: 8 MB, some ms of work. With twice as many, because there
 * was always a reader, writing waits until none is left (C34) */
#define STORE_WAL_PAGES 2000

/* What stays of a log that had to grow beyond that */
#define STORE_WAL_BYTES 16777216

/* One row; an item's texts are a hundredth (PARSE_ITEM_BYTES_MAX) */
#define STORE_VALUE_BYTES (64 * 1024 * 1024)

/* What people decide about one feed: a URL, a name, a folder */
#define STORE_ROW_BYTES (1024 * 1024)

/* Rows of one list (C23) */
#define STORE_LIST_MAX 1000

/* ... of ids alone: what the largest newsreader asks for at once */
#define STORE_IDS_MAX 10000

/* -- marking -- */

/* Feeds, folders and labels that a list may leave out: more than readers do */
#define ITEM_WITHOUT_MAX 4

/* Of marking many items in one job: nobody else waits longer for it */
#define STATES_STEP_MS 10

/* Ids looked through in one query of it, whatever the filter: about a millisecond */
#define STATES_WINDOW 4096

/* -- folders and labels -- */

/* Folders that users make: lists of them have no pages */
#define FOLDERS_MAX 1000

/* Bytes of a name: it is shown on one line */
#define LABEL_NAME_MAX 200

/* Labels in all: lists of them have no pages */
#define LABELS_MAX 1000

/* Labels of one item, and those put on or taken off at once */
#define ITEM_LABELS_MAX 100

/* The copy of a database from before it was brought up to date: who goes back does so within a
 * month
 */
#define SCHEMA_COPY_KEPT_MS (30LL * 24 * 3600 * 1000)

/* -- keeping -- */

/* Of a round in one job: a user never waits longer for it */
#define KEEP_JOB_MS 12

/* Items deleted in one step of it: some ms, each has a dozen pages */
#define KEEP_STEP 25

/* Rows looked at in one step, well under a millisecond */
#define KEEP_LOOKS 1000

/* Of each feed, however old: one that is quiet for months still shows what it is about */
#define KEEP_LEAST 20

/* An old item that somebody has just read does not go with the next round */
#define KEEP_READ_MS (7LL * 24 * 3600 * 1000)

/* How far the clock may go from one round to the next, which is a day, or a holiday of the machine,
 * later: one that was set to another year takes no year's items */
#define KEEP_CLOCK_STEP_MS (8LL * 24 * 3600 * 1000)

/* What was dropped is known so long after the feed showed it last */
#define KEEP_DROPPED_MS (180LL * 24 * 3600 * 1000)

/* Free pages that stay for what comes next: 4 MiB */
#define KEEP_FREE_PAGES 1024

/* Moved in one step: some ms */
#define KEEP_VACUUM_PAGES 128

/* Of a feed, looked at when a document brings unknown ones: some 3 ms once its keys all change */
#define RECOGNISE_ITEMS_MAX 1000

/* Earlier texts kept of one item: a page that changes at every poll */
#define ITEM_REVISIONS_MAX 10

/* The same where only markup changed, and how often that is taken in ITEM_SETTLE_MS: an address
 * that is renewed with each answer */
#define ITEM_MARKUP_MAX 3

/* A date that is younger may be that of the answer, whatever the time zone */
#define ITEM_SETTLE_MS (24LL * 3600 * 1000)

/* Different terms in the story index: a busy fortnight of many languages. New ones beyond are told
 * apart no more */
#define STORY_VOCABULARY_MAX 2000000

/* Items in the story index, some 1.5 KB each. What comes beyond joins what is there, and nothing
 * joins it, until the week turns */
#define STORY_ITEMS_MAX 300000

/* What is kept of an item for the story index: sketch and terms */
#define STORE_FINGERPRINT_BYTES 4096

/* An item joins stories whose newest item is at most so much older or younger, and what is older
 * than that when it comes is told apart by its identity alone */
#define STORY_WINDOW_MS (7LL * 24 * 3600 * 1000)

/* A story without news for so long is closed: it is told as such, and joined all the same */
#define STORY_CLOSED_MS (72LL * 3600 * 1000)

/* Items read into the story index at once: some ms of work */
#define STORY_LOAD_ITEMS 1000

/* Of judging items anew, in one job, and in one step of it */
#define STORY_REBUILD_MS   8
#define STORY_REBUILD_STEP 10

/* Hosts whose items users keep out of stories: each is looked at for each new item */
#define STORY_HOSTS_MAX 1000

/* The words that say why an item is in its story, as JSON */
#define EVIDENCE_BYTES 1024

/* Rows of it that a poll deletes once they are old */
#define STORY_PRUNE_ITEMS 200

#endif
