! SPDX-License-Identifier: Apache-2.0
! Fortran with what needs its run-time library: formatted output, allocation, array functions, a file.
program dynamic
  implicit none
  integer, parameter :: n = 400
  double precision, allocatable :: a(:, :), b(:), x(:), r(:)
  double precision :: alpha, beta, rho
  integer :: i, k, unit
  character(len=80) :: line

  allocate (a(n, n), b(n), x(n), r(n))
  a = 0
  do i = 1, n
    a(i, i) = 4
    if (i > 1) a(i, i - 1) = -1
    if (i < n) a(i, i + 1) = -1
    b(i) = sin(dble(i))
  end do
  x = 0
  r = b
  rho = dot_product(r, r)
  do k = 1, 30
    alpha = rho / dot_product(r, matmul(a, r))
    x = x + alpha * r
    r = r - alpha * matmul(a, r)
    beta = rho
    rho = dot_product(r, r)
  end do
  write (*, '(a, i4, a, es22.15)') 'after ', k - 1, ' steps ', sqrt(rho)
  write (*, '(a, f20.15)') 'largest ', maxval(x)
  open (newunit=unit, status='scratch')
  write (unit, '(3f10.6)') x(1:3)
  rewind (unit)
  read (unit, '(a)') line
  write (*, '(a)') trim(line)
  write (*, *) 'list-directed', x(n), beta > rho
end program dynamic
