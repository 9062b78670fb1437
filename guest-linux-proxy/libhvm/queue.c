/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

void queue_reset(struct queue *queue)
{
	for (uint32_t i = 0; i < QUEUE_CELLS; i++)
		queue->cell[i].turn = i;
	queue->head = 0;
	hvm_store_release(&queue->tail, 0);
}

static struct cell *cell_at(struct queue *queue, uint32_t position)
{
	return &queue->cell[position % QUEUE_CELLS];
}

static void fill(struct cell *cell, const struct item *item)
{
	cell->function = item->function;
	for (unsigned int i = 0; i < HVM_ARGUMENTS; i++)
		cell->arg[i] = item->arg[i];
	cell->future = item->future;
}

bool queue_put(struct queue *queue, const struct item *item)
{
	uint32_t at = hvm_load_relaxed(&queue->tail);

	for (;;) {
		struct cell *cell = cell_at(queue, at);
		uint32_t turn = hvm_load_acquire(&cell->turn);

		if ((int32_t)(turn - at) < 0)
			return false;
		if (turn != at) {
			at = hvm_load_relaxed(&queue->tail);
		} else if (__atomic_compare_exchange_n(&queue->tail, &at, at + 1, true, __ATOMIC_RELAXED,
						       __ATOMIC_RELAXED)) {
			fill(cell, item);
			hvm_store_release(&cell->turn, at + 1);
			return true;
		}
	}
}

static void empty(const struct cell *cell, struct item *item)
{
	item->function = cell->function;
	for (unsigned int i = 0; i < HVM_ARGUMENTS; i++)
		item->arg[i] = cell->arg[i];
	item->future = cell->future;
}

bool queue_take(struct queue *queue, struct item *item)
{
	uint32_t at = hvm_load_relaxed(&queue->head);

	for (;;) {
		struct cell *cell = cell_at(queue, at);
		uint32_t turn = hvm_load_acquire(&cell->turn);

		if ((int32_t)(turn - (at + 1)) < 0)
			return false;
		if (turn != at + 1) {
			at = hvm_load_relaxed(&queue->head);
		} else if (__atomic_compare_exchange_n(&queue->head, &at, at + 1, true, __ATOMIC_RELAXED,
						       __ATOMIC_RELAXED)) {
			empty(cell, item);
			hvm_store_release(&cell->turn, at + QUEUE_CELLS);
			return true;
		}
	}
}
