// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sysfs.h>

#include "hvm.h"

/* /sys/class/misc/hvm/NAME/: one value a file. */

static const char *const state_names[] = {
    [HVM_DOWN] = "DOWN",       [HVM_LOADING] = "LOADING", [HVM_BOOTING] = "BOOTING", [HVM_READY] = "READY",
    [HVM_RUNNING] = "RUNNING", [HVM_HUNG] = "HUNG",	  [HVM_FAILED] = "FAILED",
};

struct part_attribute {
	struct attribute attribute;
	ssize_t (*show)(struct hvm_part *part, char *buffer);
};

static ssize_t show_state(struct hvm_part *part, char *buffer)
{
	u32 state = hvm_part_state(part);

	return sysfs_emit(buffer, "%s\n", state < ARRAY_SIZE(state_names) ? state_names[state] : "FAILED");
}

static ssize_t show_cpus(struct hvm_part *part, char *buffer)
{
	return sysfs_emit(buffer, "%u-%u\n", part->first_cpu, part->first_cpu + part->core_count - 1);
}

static ssize_t show_cores_free(struct hvm_part *part, char *buffer)
{
	return sysfs_emit(buffer, "%u\n", hvm_part_cores_free(part));
}

static ssize_t show_memory(struct hvm_part *part, char *buffer)
{
	return sysfs_emit(buffer, "0x%llx-0x%llx\n", (u64)part->base, (u64)part->base + part->size - 1);
}

static ssize_t show_privilege(struct hvm_part *part, char *buffer)
{
	return sysfs_emit(buffer, "%s\n", part->user ? "user" : "kernel");
}

static ssize_t show_generation(struct hvm_part *part, char *buffer)
{
	return sysfs_emit(buffer, "%u\n", part->head->generation);
}

static ssize_t show_boot(struct hvm_part *part, char *buffer)
{
	return sysfs_emit(buffer, "offline_ns %llu\nfirst_instruction_ns %llu\nready_ns %llu\n", part->offline_ns,
			  part->first_instruction_ns, part->ready_ns);
}

/* One line a core: index, APIC id, state, heartbeat, interrupts, spurious ones, merged (1) or not (0). */
static ssize_t show_cores(struct hvm_part *part, char *buffer)
{
	ssize_t n = 0;

	for (unsigned int i = 0; i < part->core_count; i++) {
		const struct hvm_core *core = &part->cores[i];

		n += sysfs_emit_at(buffer, n, "%u %u %u %llu %llu %llu %d\n", i, part->apic_id[i],
				   READ_ONCE(core->state), READ_ONCE(core->heartbeat), READ_ONCE(core->interrupts),
				   READ_ONCE(core->spurious), READ_ONCE(core->loaded) != 0);
	}
	return n;
}

#define PART_ATTRIBUTE(what)                                                                                           \
	static struct part_attribute what##_attribute = {{.name = #what, .mode = 0444}, show_##what}
PART_ATTRIBUTE(state);
PART_ATTRIBUTE(cpus);
PART_ATTRIBUTE(cores_free);
PART_ATTRIBUTE(memory);
PART_ATTRIBUTE(generation);
PART_ATTRIBUTE(privilege);
PART_ATTRIBUTE(boot);
PART_ATTRIBUTE(cores);

static struct attribute *part_attrs[] = {
    &state_attribute.attribute,	 &cpus_attribute.attribute,	  &cores_free_attribute.attribute,
    &memory_attribute.attribute, &generation_attribute.attribute, &privilege_attribute.attribute,
    &boot_attribute.attribute,	 &cores_attribute.attribute,	  NULL,
};
ATTRIBUTE_GROUPS(part);

static ssize_t part_show(struct kobject *kobject, struct attribute *attr, char *buffer)
{
	return container_of(attr, struct part_attribute, attribute)
	    ->show(container_of(kobject, struct hvm_part, kobject), buffer);
}

static const struct sysfs_ops part_sysfs_ops = {.show = part_show};

/* The partition outlives its kobject: hvm_sysfs_remove returns when no reader is left. */
static void part_kobject_release(struct kobject *kobject)
{
}

struct kobj_type hvm_part_type = {
    .sysfs_ops = &part_sysfs_ops,
    .default_groups = part_groups,
    .release = part_kobject_release,
};

int hvm_sysfs_add(struct hvm_part *part)
{
	int err = kobject_init_and_add(&part->kobject, &hvm_part_type, &hvm_device.this_device->kobj, "%s", part->name);

	if (err)
		kobject_put(&part->kobject);
	return err;
}

void hvm_sysfs_remove(struct hvm_part *part)
{
	kobject_del(&part->kobject);
	kobject_put(&part->kobject);
}
