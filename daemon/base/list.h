/* Intrusive doubly linked list: the node is embedded, nothing is allocated. */
#ifndef TIDINGS_BASE_LIST_H
#define TIDINGS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Head and node are the same struct; a node that is in no list points to itself. */
struct list {
	struct list *prev;
	struct list *next;
};

#define container_of(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define list_for_each(node, head)                                                                  \
	for (struct list *node = (head)->next; node != (head); node = node->next)

/* The current node may be removed (and freed) inside the body. */
#define list_for_each_safe(node, head)                                                             \
	for (struct list *node = (head)->next, *node##_next = node->next; node != (head);          \
		node = node##_next, node##_next = node->next)

static inline void list_init(struct list *l)
{
	l->prev = l;
	l->next = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_push(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Harmless on a node that is in no list. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Takes the oldest node out, or returns NULL when the list is empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	/* As list_remove(), but written so that an analyser sees the head move on. */
	head->next = node->next;
	node->next->prev = head;
	list_init(node);
	return node;
}

#endif
