/* Folders over the socket: one, and what is said of its feeds' stories. */
#include "api/render.h"
#include "api/routes.h"
#include "base/times.h"
#include "store/folders.h"

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

int route_folders_run_change(struct store_tx *tx, struct http_request *r, struct err *e)
{
	int code = folders_change(tx, r->id, body_level(r->json, MEMBER_LEVEL), times_now_ms(), e);

	return code < 0 ? code : route_folders_run_one(tx, r, e);
}
