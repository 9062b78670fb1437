// SPDX-License-Identifier: GPL-2.0-only
/*
 * HRT modules (hvm/device.h): root's library has relocated them; here are flat bytes, and symbols that are believed
 * as far as they lie inside the module.
 *
 * They are mapped without the global bit, as programs' memory is: what a core keeps of an unloaded module is gone when
 * it loads the next space, and before that it runs nothing that could use it.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "hvm.h"

struct hvm_module {
	struct list_head list; /* part->modules, in the order of loading */
	char name[HVM_NAME_MAX];
	u64 address, image_size, memory_size;
	u8 *image; /* the clean copy, for a reboot of the partition */
	struct hvm_module_symbol *symbol;
	u32 symbol_count;
	unsigned int chunk_count;
	u32 chunk[]; /* number in the partition */
};

static unsigned int first_entry(const struct hvm_module *module)
{
	return (module->address - HVM_MODULE_VA) / HVM_MEMORY_ALIGN;
}

static void lay_down(struct hvm_part *part, const struct hvm_module *module)
{
	for (unsigned int i = 0; i < module->chunk_count; i++) {
		u64 at = (u64)i * HVM_MEMORY_ALIGN;
		u64 filled = at < module->image_size ? min_t(u64, module->image_size - at, HVM_MEMORY_ALIGN) : 0;
		u8 *chunk = part->memory + hvm_chunk_offset(part, module->chunk[i]);

		memcpy(chunk, module->image + at, filled);
		memset(chunk + filled, 0, HVM_MEMORY_ALIGN - filled);
		cond_resched();
	}
}

static void map(struct hvm_part *part, const struct hvm_module *module)
{
	bitmap_set(part->module_map, first_entry(module), module->chunk_count);
	for (unsigned int i = 0; i < module->chunk_count; i++)
		hvm_part_map_chunk(part, first_entry(module) + i, hvm_chunk_offset(part, module->chunk[i]));
}

static void unmap(struct hvm_part *part, const struct hvm_module *module)
{
	bitmap_clear(part->module_map, first_entry(module), module->chunk_count);
	for (unsigned int i = 0; i < module->chunk_count; i++)
		hvm_part_map_chunk(part, first_entry(module) + i, 0);
}

static void module_free(struct hvm_module *module)
{
	kvfree(module->image);
	kvfree(module->symbol);
	kvfree(module);
}

static bool is_name(const char *name)
{
	size_t length = strnlen(name, HVM_NAME_MAX);

	for (size_t i = 0; i < length; i++)
		if (!isascii(name[i]) || !(isalnum(name[i]) || strchr("._-", name[i])))
			return false;
	return length > 0 && length < HVM_NAME_MAX;
}

static int check_sizes(const struct hvm_module_load *load)
{
	if (load->image_size > HVM_MODULE_IMAGE_MAX || load->memory_size > HVM_MODULE_SPAN ||
	    load->symbol_count > HVM_MODULE_SYMBOLS)
		return -E2BIG;
	return load->image_size && load->image_size <= load->memory_size ? 0 : -EINVAL;
}

static bool symbol_fits(const struct hvm_module_symbol *symbol, const struct hvm_module_load *load)
{
	u64 offset = symbol->address - load->address;
	size_t length = strnlen(symbol->name, HVM_SYMBOL_MAX);

	return length > 0 && length < HVM_SYMBOL_MAX && offset < load->memory_size &&
	       symbol->size <= load->memory_size - offset;
}

static int copy_symbols(struct hvm_module *module, const struct hvm_module_load *load)
{
	module->symbol_count = load->symbol_count;
	module->symbol = kvmalloc_array(max(load->symbol_count, 1u), sizeof(*module->symbol), GFP_KERNEL);
	if (!module->symbol)
		return -ENOMEM;
	if (copy_from_user(module->symbol, u64_to_user_ptr(load->symbols),
			   load->symbol_count * sizeof(*module->symbol)))
		return -EFAULT;
	for (u32 i = 0; i < load->symbol_count; i++)
		if (!symbol_fits(&module->symbol[i], load))
			return -EINVAL;
	return 0;
}

static int copy_image(struct hvm_module *module, const struct hvm_module_load *load)
{
	module->image_size = load->image_size;
	module->image = kvmalloc(load->image_size, GFP_KERNEL);
	if (!module->image)
		return -ENOMEM;
	return copy_from_user(module->image, u64_to_user_ptr(load->image), load->image_size) ? -EFAULT : 0;
}

/* What the request names, in memory of ours. */
static struct hvm_module *module_new(const struct hvm_module_load *load)
{
	unsigned int chunks = DIV_ROUND_UP(load->memory_size, HVM_MEMORY_ALIGN);
	struct hvm_module *module = kvzalloc(struct_size(module, chunk, chunks), GFP_KERNEL);
	int err;

	if (!module)
		return ERR_PTR(-ENOMEM);
	strscpy(module->name, load->module, sizeof(module->name));
	module->address = load->address;
	module->memory_size = load->memory_size;
	module->chunk_count = chunks;
	err = copy_symbols(module, load);
	if (!err)
		err = copy_image(module, load);
	if (!err)
		return module;
	module_free(module);
	return ERR_PTR(err);
}

static struct hvm_module *module_named(struct hvm_part *part, const char *name)
{
	struct hvm_module *module;

	list_for_each_entry(module, &part->modules, list) if (!strcmp(module->name, name)) return module;
	return NULL;
}

/* Is there room, and was the image made for it? part->lock is held. */
static int place(struct hvm_part *part, struct hvm_module_load *load)
{
	unsigned int chunks = DIV_ROUND_UP(load->memory_size, HVM_MEMORY_ALIGN);
	unsigned long entry = bitmap_find_next_zero_area(part->module_map, HVM_MODULE_CHUNKS, 0, chunks, 0);
	u64 address = HVM_MODULE_VA + (u64)entry * HVM_MEMORY_ALIGN;

	load->memory_free = hvm_chunks_free(part) * HVM_MEMORY_ALIGN;
	if (module_named(part, load->module))
		return -EEXIST;
	if (entry + chunks > HVM_MODULE_CHUNKS)
		return -ENOSPC;
	if (load->memory_free < (u64)chunks * HVM_MEMORY_ALIGN)
		return -ENOMEM;
	if (load->address == address)
		return 0;
	load->address = address;
	return -EAGAIN;
}

static int place_locked(struct hvm_part *part, struct hvm_module_load *load)
{
	int err;

	mutex_lock(&part->lock);
	err = place(part, load);
	mutex_unlock(&part->lock);
	return err;
}

int hvm_module_load(struct hvm_part *part, struct hvm_module_load *load)
{
	struct hvm_module *module;
	int err = is_name(load->module) ? check_sizes(load) : -EINVAL;

	strscpy(load->name, part->name, sizeof(load->name));
	if (!err)
		err = place_locked(part, load); /* most are asked for twice: nothing is copied the first time */
	if (err)
		return err;
	module = module_new(load);
	if (IS_ERR(module))
		return PTR_ERR(module);
	mutex_lock(&part->lock);
	err = place(part, load);
	if (!err)
		err = hvm_chunks_take(part, module->chunk, module->chunk_count);
	if (!err) {
		lay_down(part, module);
		map(part, module);
		list_add_tail(&module->list, &part->modules);
	}
	mutex_unlock(&part->lock);
	if (err)
		module_free(module);
	else
		pr_info("hvm: %s: module %s at 0x%llx, %u functions\n", part->name, module->name, module->address,
			module->symbol_count);
	return err;
}

int hvm_module_unload(struct hvm_part *part, const char *name)
{
	struct hvm_module *module;
	int err = 0;

	mutex_lock(&part->lock);
	module = module_named(part, name);
	if (!module)
		err = -ENODATA;
	else if (hvm_part_cores_free(part) < part->core_count)
		err = -EBUSY;
	if (!err) {
		pr_info("hvm: %s: module %s is unloaded\n", part->name, name);
		unmap(part, module);
		hvm_chunks_give(part, module->chunk, module->chunk_count);
		list_del(&module->list);
		module_free(module);
	}
	mutex_unlock(&part->lock);
	return err;
}

static bool matches(const struct hvm_module_symbol *symbol, const struct hvm_module_symbol *wanted)
{
	if (wanted->name[0])
		return !strcmp(symbol->name, wanted->name);
	return wanted->address - symbol->address < max(symbol->size, 1ULL);
}

static const struct hvm_module_symbol *find_in(const struct hvm_module *module, const struct hvm_module_symbol *wanted)
{
	for (u32 i = 0; i < module->symbol_count; i++)
		if (matches(&module->symbol[i], wanted))
			return &module->symbol[i];
	return NULL;
}

int hvm_module_find(struct hvm_part *part, struct hvm_module_find *find)
{
	const struct hvm_module_symbol *found = NULL;
	const struct hvm_module *module, *in = NULL;
	int err = 0;

	mutex_lock(&part->lock);
	list_for_each_entry(module, &part->modules, list)
	{
		const struct hvm_module_symbol *symbol = find_in(module, &find->symbol);

		if (!symbol || (find->module[0] && strcmp(find->module, module->name)))
			continue;
		if (found)
			err = -ENOTUNIQ;
		found = symbol;
		in = module;
	}
	if (!found)
		err = -ENODATA;
	if (!err) {
		find->symbol = *found;
		strscpy(find->module, in->name, sizeof(find->module));
	}
	mutex_unlock(&part->lock);
	return err;
}

static void describe(const struct hvm_module *module, struct hvm_module_info *info)
{
	strscpy(info->module, module->name, sizeof(info->module));
	info->address = module->address;
	info->image_size = module->image_size;
	info->memory_size = module->memory_size;
	info->symbol_count = module->symbol_count;
	if (info->symbol_index < module->symbol_count)
		info->symbol = module->symbol[info->symbol_index];
	else
		memset(&info->symbol, 0, sizeof(info->symbol));
}

int hvm_module_info(struct hvm_part *part, struct hvm_module_info *info)
{
	const struct hvm_module *module;
	u32 index = 0;
	int err = -ENODATA;

	mutex_lock(&part->lock);
	list_for_each_entry(module, &part->modules, list)
	{
		if (index++ != info->index)
			continue;
		describe(module, info);
		err = 0;
		break;
	}
	mutex_unlock(&part->lock);
	return err;
}

/* The partition boots, and its tables are new: all modules are as they were loaded. part->lock is held. */
void hvm_modules_restore(struct hvm_part *part)
{
	const struct hvm_module *module;

	list_for_each_entry(module, &part->modules, list)
	{
		lay_down(part, module);
		map(part, module);
	}
}

/* The partition is down for good. */
void hvm_modules_free(struct hvm_part *part)
{
	struct hvm_module *module, *next;

	list_for_each_entry_safe(module, next, &part->modules, list) module_free(module);
}
