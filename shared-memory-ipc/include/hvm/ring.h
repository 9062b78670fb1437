/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The ring: messages from one producer to one consumer, in order, without a wait for each. For calls in flight
 * together, and for batches; one call at a time is cheaper by a slot (hvm/slot.h).
 *
 * A ring is an array of cells, each one cache line, a power of two of them. Its first word says whose the cell is:
 *
 *   producer                                       consumer
 *   look at the next cell: state == turn (free)
 *   word[0..6] = ...
 *   state = turn + 1 | kind       (release)  --->  look at the next cell: state's turn == turn + 1
 *                                                  copy the cell once, check, act
 *   free in the next round                   <---  state = turn + 2        (release)
 *
 * state  bits 63..32 turn, 31..0 kind of the message, 0 in a free cell
 *
 * The turn counts half rounds: even, the cell is free; odd, it holds a message. Both sides begin at cell 0 with the
 * same even turn and raise it by 2 whenever they are back at cell 0; it wraps, and is only compared for equality. With
 * turn 0 zeroed memory is an empty ring. There is no index in shared memory: each side keeps its own, no line is
 * written by both for each message but the message's own, and nothing that the peer writes is ever used as an index or
 * a length.
 *
 * Ordering: the store of the state is a release and its load an acquire. So the consumer sees the words of a message
 * whose state it has seen, and all that the producer wrote before it, such as arguments elsewhere in shared memory. The
 * producer that sees a cell free knows that its words have been read, and that the consumer got what it took before.
 *
 * Trust: neither side trusts the other. In a cell that is the next one of a side, the state can have two values only;
 * any other gives HVM_RING_CORRUPT, changes nothing, and is the peer's fault: give the peer up. A peer that plays by
 * the states and lies in the words can send rubbish, lose its own messages, or stop; every function here takes a
 * bounded number of steps and touches the ring's cells only, whatever the memory holds and however it changes
 * meanwhile.
 *
 * Sleeping is the users' (a flag on a line of its own for each side): set your flag, full fence, look again, sleep. The
 * other side: push or pop, full fence, read the flag, wake if it is set.
 *
 * Sources: the sequence word in each cell is D. Vyukov's (bounded MPMC queue, 2010), the ring without shared indices
 * FastForward's (Giacomoni et al., PPoPP 2008).
 */
#ifndef HVM_RING_H
#define HVM_RING_H

#include <hvm/types.h>

#define HVM_RING_WORDS	   7u
#define HVM_RING_CELLS_MAX 0x100000u /* cells of a ring: 1 to so many, a power of two */

/* What a try came to. */
#define HVM_RING_OK	 0u
#define HVM_RING_EMPTY	 1u /* nothing to pop yet */
#define HVM_RING_FULL	 2u /* no room to push yet */
#define HVM_RING_CORRUPT 3u /* the next cell's state is none that the peer may leave there */

struct hvm_cell {
	uint64_t state;
	uint64_t word[HVM_RING_WORDS];
} __attribute__((aligned(64)));

#define HVM_CELL_SIZE 64u
HVM_ASSERT_SIZE(struct hvm_cell, HVM_CELL_SIZE);
HVM_ASSERT_OFFSET(struct hvm_cell, state, 0);
HVM_ASSERT_OFFSET(struct hvm_cell, word, 8);

/** One side's own view of a ring, in its own memory. One thread at a time may use it, as producer or as consumer. */
struct hvm_ring {
	struct hvm_cell *cell;
	uint32_t mask; /* cells - 1 */
	uint32_t next; /* cell */
	uint32_t turn; /* of a free cell in this round */
};

/** A message as its sender or its receiver holds it: its own copy. */
struct hvm_message {
	uint32_t kind; /* the users': which function, which status */
	uint32_t pad;
	uint64_t word[HVM_RING_WORDS];
};

#define HVM_CELL_TURN(state) ((uint32_t)((state) >> 32))
#define HVM_CELL_KIND(state) ((uint32_t)(state))

static inline uint64_t hvm_cell_state(uint32_t turn, uint32_t kind)
{
	return (uint64_t)turn << 32 | kind;
}

/**
 * A side's view of the ring of @cells cells at @cell, nothing sent yet; false if that is no number of cells.
 * @turn: with which both sides begin; even. 0 unless the memory has been a ring before: then another one makes what was
 *        left there, and a peer who has not noticed, corrupt instead of believed.
 */
static inline bool hvm_ring_open(struct hvm_ring *ring, struct hvm_cell *cell, uint32_t cells, uint32_t turn)
{
	if (cells == 0 || cells > HVM_RING_CELLS_MAX || (cells & (cells - 1)) != 0 || (turn & 1) != 0)
		return false;
	ring->cell = cell;
	ring->mask = cells - 1;
	ring->next = 0;
	ring->turn = turn;
	return true;
}

/** Make the memory of a ring just opened an empty one. Either side, before the other one looks at it. */
static inline void hvm_ring_clear(const struct hvm_ring *ring)
{
	for (uint32_t i = 0; i <= ring->mask; i++)
		hvm_store_release(&ring->cell[i].state, hvm_cell_state(ring->turn, 0));
}

static inline void hvm_ring_advance(struct hvm_ring *ring)
{
	ring->next = (ring->next + 1) & ring->mask;
	if (ring->next == 0)
		ring->turn += 2;
}

/** Producer: HVM_RING_OK if the next cell is free, else HVM_RING_FULL or HVM_RING_CORRUPT. Reads one word. */
static inline unsigned int hvm_ring_room(const struct hvm_ring *ring)
{
	uint64_t state = hvm_load_acquire(&ring->cell[ring->next].state);

	if (state == hvm_cell_state(ring->turn, 0))
		return HVM_RING_OK;
	return HVM_CELL_TURN(state) == ring->turn - 1 ? HVM_RING_FULL : HVM_RING_CORRUPT;
}

/** Producer: send a message, or say why not: HVM_RING_OK, HVM_RING_FULL, HVM_RING_CORRUPT. Fills no cell partly. */
static inline unsigned int hvm_ring_push(struct hvm_ring *ring, const struct hvm_message *message)
{
	struct hvm_cell *cell = &ring->cell[ring->next];
	unsigned int room = hvm_ring_room(ring);

	if (room != HVM_RING_OK)
		return room;
	for (unsigned int i = 0; i < HVM_RING_WORDS; i++)
		hvm_store_relaxed(&cell->word[i], message->word[i]);
	hvm_store_release(&cell->state, hvm_cell_state(ring->turn + 1, message->kind));
	hvm_ring_advance(ring);
	return HVM_RING_OK;
}

/**
 * Producer: send as many of @count messages as there is room for, in order; *@pushed says how many. HVM_RING_OK if all
 * went, else why the next one did not. Each is visible at once: the consumer works on the first while the last is
 * written, and with 32 at a time that was faster than to publish them together.
 */
static inline unsigned int hvm_ring_push_many(struct hvm_ring *ring, const struct hvm_message *message, uint32_t count,
					      uint32_t *pushed)
{
	unsigned int result = HVM_RING_OK;

	for (*pushed = 0; *pushed < count; ++*pushed) {
		result = hvm_ring_push(ring, &message[*pushed]);
		if (result != HVM_RING_OK)
			break;
	}
	return result;
}

/**
 * Consumer: is there something? HVM_RING_OK if there is a message, else HVM_RING_EMPTY or HVM_RING_CORRUPT. Reads one
 * word. A waiter waits while it is HVM_RING_EMPTY.
 */
static inline unsigned int hvm_ring_look(const struct hvm_ring *ring)
{
	uint64_t state = hvm_load_relaxed(&ring->cell[ring->next].state);

	if (state == hvm_cell_state(ring->turn, 0))
		return HVM_RING_EMPTY;
	return HVM_CELL_TURN(state) == ring->turn + 1 ? HVM_RING_OK : HVM_RING_CORRUPT;
}

/**
 * Consumer: copy the next message, or say why not: HVM_RING_OK, HVM_RING_EMPTY, HVM_RING_CORRUPT. What it copied is the
 * producer's word for it: check it before acting on it, the copy will not change. The cell stays taken until
 * hvm_ring_drop: who answers first and drops then answers sooner, because the store to the cell waits for its line.
 */
static inline unsigned int hvm_ring_take(const struct hvm_ring *ring, struct hvm_message *message)
{
	const struct hvm_cell *cell = &ring->cell[ring->next];
	uint64_t state = hvm_load_acquire(&cell->state);

	if (state == hvm_cell_state(ring->turn, 0))
		return HVM_RING_EMPTY;
	if (HVM_CELL_TURN(state) != ring->turn + 1)
		return HVM_RING_CORRUPT;
	message->kind = HVM_CELL_KIND(state);
	for (unsigned int i = 0; i < HVM_RING_WORDS; i++)
		message->word[i] = hvm_load_relaxed(&cell->word[i]);
	return HVM_RING_OK;
}

/** Consumer: free the cell of the message that hvm_ring_take copied, once; without one the ring is spoilt. */
static inline void hvm_ring_drop(struct hvm_ring *ring)
{
	hvm_store_release(&ring->cell[ring->next].state, hvm_cell_state(ring->turn + 2, 0));
	hvm_ring_advance(ring);
}

/** Consumer: take the next message and drop it, or say why not: HVM_RING_OK, HVM_RING_EMPTY, HVM_RING_CORRUPT. */
static inline unsigned int hvm_ring_pop(struct hvm_ring *ring, struct hvm_message *message)
{
	unsigned int result = hvm_ring_take(ring, message);

	if (result == HVM_RING_OK)
		hvm_ring_drop(ring);
	return result;
}

#endif
