/* SPDX-License-Identifier: Apache-2.0 */
/* Critical sections, which exclude all threads of the process, and omp.h's locks. */
#include <stddef.h>
#include <stdlib.h>

#include "entry.h"
#include "lock.h"
#include "message.h"
#include "team.h"

static uint32_t unnamed LINE, atomic LINE;

ENTRY(void, GOMP_critical_start, void)
{
	lock_take(&unnamed);
}

ENTRY(void, GOMP_critical_end, void)
{
	lock_release(&unnamed);
}

/* gcc has a pointer for each name, zero at first: room enough for a lock. */
ENTRY(void, GOMP_critical_name_start, void **name)
{
	lock_take((uint32_t *)name);
}

ENTRY(void, GOMP_critical_name_end, void **name)
{
	lock_release((uint32_t *)name);
}

/* Updates for which the processor has no instruction. */
ENTRY(void, GOMP_atomic_start, void)
{
	lock_take(&atomic);
}

ENTRY(void, GOMP_atomic_end, void)
{
	lock_release(&atomic);
}

/* omp_lock_t: 4 bytes */
ENTRY(void, omp_init_lock, uint32_t *lock)
{
	*lock = 0;
}

ENTRY(void, omp_destroy_lock, uint32_t *lock)
{
	(void)lock;
}

ENTRY(void, omp_set_lock, uint32_t *lock)
{
	lock_take(lock);
}

ENTRY(void, omp_unset_lock, uint32_t *lock)
{
	lock_release(lock);
}

ENTRY(int, omp_test_lock, uint32_t *lock)
{
	return lock_try(lock);
}

/* omp_nest_lock_t: 16 bytes. Its owner is a task; here tasks run within members, which stand for them. */
struct nest_lock {
	uint32_t lock;
	int32_t count;
	const struct member *owner;
};

static bool is_mine(const struct nest_lock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == team_self();
}

static void own(struct nest_lock *lock)
{
	lock->count = 1;
	__atomic_store_n(&lock->owner, team_self(), __ATOMIC_RELAXED);
}

ENTRY(void, omp_init_nest_lock, struct nest_lock *lock)
{
	*lock = (struct nest_lock){0};
}

ENTRY(void, omp_destroy_nest_lock, struct nest_lock *lock)
{
	(void)lock;
}

ENTRY(void, omp_set_nest_lock, struct nest_lock *lock)
{
	if (is_mine(lock)) {
		lock->count++;
		return;
	}
	lock_take(&lock->lock);
	own(lock);
}

/* How often it is taken now; 0: it is another's. */
ENTRY(int, omp_test_nest_lock, struct nest_lock *lock)
{
	if (is_mine(lock))
		return ++lock->count;
	if (!lock_try(&lock->lock))
		return 0;
	own(lock);
	return 1;
}

ENTRY(void, omp_unset_nest_lock, struct nest_lock *lock)
{
	if (--lock->count)
		return;
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	lock_release(&lock->lock);
}

/* Fortran's names: arguments are references anyway. */
SAME(omp_init_lock_, omp_init_lock);
SAME(omp_destroy_lock_, omp_destroy_lock);
SAME(omp_set_lock_, omp_set_lock);
SAME(omp_unset_lock_, omp_unset_lock);
SAME(omp_test_lock_, omp_test_lock);

/* A Fortran program has 8 bytes for a nestable lock: the address of one. */
ENTRY(void, omp_init_nest_lock_, struct nest_lock **lock)
{
	*lock = calloc(1, sizeof(**lock));
	if (!*lock)
		message_fatal("no memory for a lock");
}

ENTRY(void, omp_destroy_nest_lock_, struct nest_lock **lock)
{
	free(*lock);
	*lock = NULL;
}

ENTRY(void, omp_set_nest_lock_, struct nest_lock **lock)
{
	omp_set_nest_lock(*lock);
}

ENTRY(void, omp_unset_nest_lock_, struct nest_lock **lock)
{
	omp_unset_nest_lock(*lock);
}

ENTRY(int, omp_test_nest_lock_, struct nest_lock **lock)
{
	return omp_test_nest_lock(*lock);
}
