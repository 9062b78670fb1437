! SPDX-License-Identifier: Apache-2.0
! OpenMP from Fortran: loops, reductions, locks and the library's functions, by their names there.
program loops
  use omp_lib
  implicit none
  integer, parameter :: n = 1000
  integer :: i, team, chunk, counted, nested
  integer(omp_sched_kind) :: kind
  integer(omp_lock_kind) :: lock
  integer(omp_nest_lock_kind) :: nest
  real(8) :: total, before, field(n)

  before = omp_get_wtime()
  call omp_set_num_threads(2)
  call omp_set_schedule(omp_sched_guided, 5)
  call omp_get_schedule(kind, chunk)
  call omp_init_lock(lock)
  call omp_init_nest_lock(nest)
  team = 0
  counted = 0
  nested = 0
  total = 0
!$omp parallel private(i) reduction(+ : team)
  team = team + 1
  if (omp_get_thread_num() >= omp_get_num_threads()) stop 1
  do i = 1, 100
    call omp_set_lock(lock)
    counted = counted + 1
    call omp_unset_lock(lock)
    call omp_set_nest_lock(nest)
    call omp_set_nest_lock(nest)
    nested = nested + 1
    call omp_unset_nest_lock(nest)
    call omp_unset_nest_lock(nest)
  end do
!$omp end parallel
!$omp parallel do schedule(runtime)
  do i = 1, n
    field(i) = sqrt(real(i, 8) ** 2)
  end do
!$omp end parallel do
!$omp parallel workshare
  field = field + 1
!$omp end parallel workshare
!$omp parallel do reduction(+ : total) schedule(static, 7)
  do i = 1, n
    total = total + field(i)
  end do
!$omp end parallel do
  if (counted /= 100 * team .or. nested /= counted) stop 3
  call omp_destroy_nest_lock(nest)
  call omp_destroy_lock(lock)
  if (omp_get_wtime() < before .or. omp_in_parallel()) stop 2
  print '(a, i0, a, f0.1, a, i0, a, i0)', 'team ', team, ' total ', total, ' schedule ', kind, ' chunk ', chunk
end program loops
