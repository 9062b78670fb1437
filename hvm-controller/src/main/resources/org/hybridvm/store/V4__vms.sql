-- SPDX-License-Identifier: Apache-2.0
-- What must be known of a VM, from before its QEMU starts until it is gone; sum is the CRC-32 of the text.
-- generation is the state's revision (counter 'vm_revision') at which the VM was declared as it is.
CREATE TABLE vm (
	name TEXT PRIMARY KEY,
	generation INTEGER NOT NULL,
	record TEXT NOT NULL,
	sum INTEGER NOT NULL
);
