/* SPDX-License-Identifier: Apache-2.0 */
/* What gcc's code may call and is not served: it says so and ends the program. */
#include <stdint.h>

#include "entry.h"
#include "message.h"

#define REFUSE(name, what)                                                                                             \
	ENTRY(void, name, void)                                                                                        \
	{                                                                                                              \
		message_refuse(what);                                                                                  \
	}

REFUSE(GOMP_target, "a target construct")
SAME(GOMP_target_ext, GOMP_target);
SAME(GOMP_target_data, GOMP_target);
SAME(GOMP_target_data_ext, GOMP_target);
SAME(GOMP_target_end_data, GOMP_target);
SAME(GOMP_target_update, GOMP_target);
SAME(GOMP_target_update_ext, GOMP_target);
SAME(GOMP_target_enter_exit_data, GOMP_target);
SAME(omp_target_memcpy_rect, GOMP_target);
SAME(omp_target_associate_ptr, GOMP_target);
SAME(omp_target_disassociate_ptr, GOMP_target);

REFUSE(GOMP_teams, "a teams construct")
SAME(GOMP_teams4, GOMP_teams);
SAME(GOMP_teams_reg, GOMP_teams);

REFUSE(GOMP_loop_doacross_start, "a loop with ordered(n) and depend (doacross)")
SAME(GOMP_loop_doacross_static_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_doacross_dynamic_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_doacross_guided_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_doacross_runtime_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_ull_doacross_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_ull_doacross_static_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_ull_doacross_dynamic_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_ull_doacross_guided_start, GOMP_loop_doacross_start);
SAME(GOMP_loop_ull_doacross_runtime_start, GOMP_loop_doacross_start);
SAME(GOMP_doacross_post, GOMP_loop_doacross_start);
SAME(GOMP_doacross_wait, GOMP_loop_doacross_start);
SAME(GOMP_doacross_ull_post, GOMP_loop_doacross_start);
SAME(GOMP_doacross_ull_wait, GOMP_loop_doacross_start);

REFUSE(GOMP_taskgroup_reduction_register, "a taskgroup with task_reduction")
SAME(GOMP_taskgroup_reduction_unregister, GOMP_taskgroup_reduction_register);
SAME(GOMP_task_reduction_remap, GOMP_taskgroup_reduction_register);
SAME(GOMP_workshare_task_reduction_unregister, GOMP_taskgroup_reduction_register);

REFUSE(omp_fulfill_event, "a task with detach")
SAME(omp_fulfill_event_, omp_fulfill_event);

REFUSE(omp_display_affinity, "a call about the format of affinities")
SAME(omp_display_affinity_, omp_display_affinity);
SAME(omp_capture_affinity, omp_display_affinity);
SAME(omp_capture_affinity_, omp_display_affinity);
SAME(omp_set_affinity_format, omp_display_affinity);
SAME(omp_set_affinity_format_, omp_display_affinity);
SAME(omp_get_affinity_format, omp_display_affinity);
SAME(omp_get_affinity_format_, omp_display_affinity);

/* Their caller runs the region itself, in Linux, between two calls. */
REFUSE(GOMP_parallel_start, "code of a gcc before 4.9")
SAME(GOMP_parallel_end, GOMP_parallel_start);
SAME(GOMP_parallel_loop_static_start, GOMP_parallel_start);
SAME(GOMP_parallel_loop_dynamic_start, GOMP_parallel_start);
SAME(GOMP_parallel_loop_guided_start, GOMP_parallel_start);
SAME(GOMP_parallel_loop_runtime_start, GOMP_parallel_start);
SAME(GOMP_parallel_sections_start, GOMP_parallel_start);

/* Programs that have code for accelerators bring it in when they begin; without a target construct nobody misses it. */
ENTRY(void, GOMP_offload_register, const void *host, int type, const void *image)
{
	(void)host, (void)type, (void)image;
}
SAME(GOMP_offload_unregister, GOMP_offload_register);

ENTRY(void, GOMP_offload_register_ver, unsigned int version, const void *host, int type, const void *image)
{
	(void)version, (void)host, (void)type, (void)image;
}
SAME(GOMP_offload_unregister_ver, GOMP_offload_register_ver);

/* !$omp error at(execution) */
ENTRY(void, GOMP_warning, const char *text, unsigned long length)
{
	message_once(MESSAGE_WARNING, "warning: %.*s", text ? (int)length : 0, text ? text : "");
}

ENTRY(void, GOMP_error, const char *text, unsigned long length)
{
	message_fatal("error directive: %.*s", text ? (int)length : 0, text ? text : "");
}
