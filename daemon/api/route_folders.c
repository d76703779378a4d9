/* Folders over the socket: list, one, add, change, remove. */
#include "api/conn.h"
#include "api/render.h"
#include "api/routes.h"
#include "base/times.h"
#include "store/folders.h"

static void put_folder(void *ctx, const struct folder *folder)
{
	struct json *j = ctx;

	json_put_object(j, NULL);
	render_folder_members(j, folder);
	json_end(j);
}

int route_folders_run_list(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct json j;

	list_begin(r, &j, "folders");
	int code = folders_list(tx, put_folder, &j, e);
	list_end(r, &j, tx, NULL);
	return code;
}

int route_folders_run_one(struct store_tx *tx, struct http_request *r, struct err *e)
{
	struct folder folder;
	struct json j;

	int code = folders_get(tx, r->id, &r->arena, &folder, e);
	if (code < 0)
		return code;
	answer_begin(r, &j);
	render_folder_members(&j, &folder);
	answer_end(&j);
	return 0;
}

/* That of a feed may be null. */
int route_folders_parse(struct http_request *r)
{
	if (!body_has(r->json, MEMBER_NAME) || body_string(r->json, MEMBER_NAME))
		return 0;
	return problem_at(&r->problem, "member", "name", "a folder needs a name");
}

int route_folders_run_add(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = folders_add(tx, body_string(r->json, MEMBER_NAME), times_now_ms(), &r->id, e);

	if (code == ERR_EXISTS)
		return name_exists(r, r->id, "folder");
	return code < 0 ? code : route_folders_run_one(tx, r, e);
}

int route_folders_run_change(struct store_tx *tx, struct http_request *r, struct err *e)
{
	const char *name = body_string(r->json, MEMBER_NAME);
	int64_t other = 0;
	int code = 0;

	if (body_has(r->json, MEMBER_LEVEL))
		code = folders_change(
			tx, r->id, body_level(r->json, MEMBER_LEVEL), times_now_ms(), e);
	if (code == 0 && name)
		code = folders_rename(tx, r->id, name, times_now_ms(), &other, e);
	if (code == ERR_EXISTS)
		return name_exists(r, other, "folder");
	return code < 0 ? code : route_folders_run_one(tx, r, e);
}

int route_folders_run_remove(struct store_tx *tx, struct http_request *r, struct err *e)
{
	r->status = 204;
	return folders_remove(tx, r->id, times_now_ms(), e);
}

void route_folders_reply_added(struct http_request *r)
{
	r->status = 201;
	buf_printf(&r->fields, "Location: /api/v1/folders/%lld\r\n", (long long)r->id);
	http_reply(r);
}
