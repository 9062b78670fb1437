// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hvm.h"

/* An open file: bare until it becomes a job, then for good. */
struct handle {
	struct mutex lock; /* serialises HVM_IOC_JOB_CREATE */
	struct hvm_job *job;
};

static int device_open(struct inode *inode, struct file *file)
{
	struct handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL);

	if (!handle)
		return -ENOMEM;
	mutex_init(&handle->lock);
	file->private_data = handle;
	/* Linux 6.1 asks no mapping for huge pages but anonymous ones and those of such files (hugepage_vma_check). */
	inode_lock(inode);
	inode_set_flags(inode, S_DAX, S_DAX);
	inode_unlock(inode);
	return 0;
}

/*
 * Each close. The end of the job's own process ends the job even if a child of vfork has its memory still, and with it
 * the job's: nobody would ever end that one.
 */
static int device_flush(struct file *file, fl_owner_t owner)
{
	struct handle *handle = file->private_data;
	struct hvm_job *job = smp_load_acquire(&handle->job);

	if (job && current->flags & PF_EXITING && task_tgid(current) == job->pid)
		hvm_job_end(job, true);
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct handle *handle = file->private_data;

	if (handle->job)
		hvm_job_destroy(handle->job);
	kfree(handle);
	return 0;
}

static long do_revision(void __user *arg)
{
	u32 revision = HVM_ABI_REVISION;

	return put_user(revision, (u32 __user *)arg);
}

static u32 count_jobs(struct hvm_part *part)
{
	struct hvm_job *job;
	u32 n = 0;

	list_for_each_entry(job, &part->jobs, list) n += !READ_ONCE(job->ended);
	return n;
}

static long do_info(void __user *arg)
{
	struct hvm_info info;
	struct hvm_part *part;
	u32 index;

	if (get_user(index, (u32 __user *)arg))
		return -EFAULT;
	if (index >= hvm_part_count)
		return -ENOENT;
	part = hvm_parts[array_index_nospec(index, HVM_MAX_PARTITIONS)];
	info = (struct hvm_info){
	    .index = index,
	    .state = hvm_part_state(part),
	    .core_count = part->core_count,
	    .cores_free = hvm_part_cores_free(part),
	    .memory_base = part->base,
	    .memory_size = part->size,
	    .generation = part->head->generation,
	    .first_cpu = part->first_cpu,
	    .image_size = part->image_size,
	    .boot_first_instruction_ns = part->first_instruction_ns,
	    .boot_ready_ns = part->ready_ns,
	    .offline_ns = part->offline_ns,
	    .jobs = 0,
	    .program_memory = (u64)part->chunk_count * HVM_MEMORY_ALIGN,
	    .program_memory_used = (u64)READ_ONCE(part->chunks_used) * HVM_MEMORY_ALIGN,
	    .privilege = hvm_part_privilege(part),
	};
	strscpy(info.name, part->name, sizeof(info.name));
	for (unsigned int i = 0; i < part->core_count; i++) {
		info.heartbeat += READ_ONCE(part->cores[i].heartbeat);
		info.interrupts += READ_ONCE(part->cores[i].interrupts);
		info.parked_cores += READ_ONCE(part->cores[i].state) == HVM_CORE_OFF;
	}
	mutex_lock(&part->lock);
	info.jobs = count_jobs(part);
	mutex_unlock(&part->lock);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long do_activity(void __user *arg)
{
	struct hvm_activity *activity;
	u32 index;
	long err;

	if (get_user(index, (u32 __user *)arg))
		return -EFAULT;
	if (index >= hvm_part_count)
		return -ENOENT;
	activity = kzalloc(sizeof(*activity), GFP_KERNEL);
	if (!activity)
		return -ENOMEM;
	hvm_activity_read(hvm_parts[array_index_nospec(index, HVM_MAX_PARTITIONS)], activity);
	activity->index = index;
	err = copy_to_user(arg, activity, sizeof(*activity)) ? -EFAULT : 0;
	kfree(activity);
	return err;
}

static long do_group_activity(void __user *arg)
{
	struct hvm_activity *activity;
	bool found = false;
	long err;
	u32 pid;

	if (get_user(pid, (u32 __user *)arg))
		return -EFAULT;
	activity = kzalloc(sizeof(*activity), GFP_KERNEL);
	if (!activity)
		return -ENOMEM;
	for (unsigned int i = 0; i < hvm_part_count && !found; i++)
		found = hvm_activity_of_group(hvm_parts[i], pid, activity);
	err = !found ? -ESRCH : copy_to_user(arg, activity, sizeof(*activity)) ? -EFAULT : 0;
	kfree(activity);
	return err;
}

/* The partition that @name, as copied from a user, names. */
static struct hvm_part *find(char name[HVM_NAME_MAX])
{
	name[HVM_NAME_MAX - 1] = 0;
	return hvm_part_find(name);
}

/* What an administrator asks, copied once into @request, and the partition that it names; or an error. */
static struct hvm_part *part_asked(const void __user *arg, void *request, size_t size, char name[HVM_NAME_MAX])
{
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	if (copy_from_user(request, arg, size))
		return ERR_PTR(-EFAULT);
	return find(name) ?: ERR_PTR(-ENOENT);
}

static long do_load(void __user *arg)
{
	struct hvm_load load;
	struct hvm_part *part;

	part = part_asked(arg, &load, sizeof(load), load.name);
	return IS_ERR(part) ? PTR_ERR(part) : hvm_image_load(part, u64_to_user_ptr(load.image), load.size);
}

static long do_boot_or_down(void __user *arg, bool boot)
{
	struct hvm_partition_request request;
	struct hvm_part *part;

	part = part_asked(arg, &request, sizeof(request), request.name);
	if (IS_ERR(part))
		return PTR_ERR(part);
	if (request.flags & ~(HVM_BOOT_FORCE | HVM_DOWN_RETURN))
		return -EINVAL;
	return boot ? hvm_boot(part, request.flags & HVM_BOOT_FORCE)
		    : hvm_down(part, request.flags & HVM_BOOT_FORCE, request.flags & HVM_DOWN_RETURN);
}

static int copy_log(struct hvm_log *log, u64 cursor, u64 size, u8 __user *to)
{
	while (size) {
		u64 at = cursor % HVM_LOG_TEXT;
		u64 chunk = min_t(u64, size, HVM_LOG_TEXT - at);

		if (copy_to_user(to, log->text + at, chunk))
			return -EFAULT;
		cursor += chunk;
		to += chunk;
		size -= chunk;
	}
	return 0;
}

static long do_log(void __user *arg)
{
	struct hvm_log_read read;
	struct hvm_part *part;
	u64 head, oldest;

	if (copy_from_user(&read, arg, sizeof(read)))
		return -EFAULT;
	part = find(read.name);
	if (!part)
		return -ENOENT;
	head = hvm_load_acquire(&part->log->head);
	oldest = head > HVM_LOG_TEXT ? head - HVM_LOG_TEXT : 0;
	if (read.cursor > head)
		read.cursor = oldest; /* a cursor of an earlier life of the ring */
	read.lost = read.cursor < oldest ? oldest - read.cursor : 0;
	read.cursor = max(read.cursor, oldest);
	read.size = min(read.size, head - read.cursor);
	if (copy_log(part->log, read.cursor, read.size, u64_to_user_ptr(read.buffer)))
		return -EFAULT;
	read.cursor += read.size;
	return copy_to_user(arg, &read, sizeof(read)) ? -EFAULT : 0;
}

static long do_ping(void __user *arg)
{
	struct hvm_ping ping;
	struct hvm_part *part;
	long err;

	part = part_asked(arg, &ping, sizeof(ping), ping.name);
	if (IS_ERR(part))
		return PTR_ERR(part);
	ping.timeout_ns = ping.timeout_ns ? min_t(u64, ping.timeout_ns, NSEC_PER_SEC) : 100 * NSEC_PER_MSEC;
	err = hvm_ping(part, &ping);
	/* Who is silent is wanted most when one is. */
	if (copy_to_user(arg, &ping, sizeof(ping)))
		return err ?: -EFAULT;
	return err;
}

static long do_freeze(void __user *arg)
{
	struct hvm_partition_request request;
	struct hvm_part *part;

	part = part_asked(arg, &request, sizeof(request), request.name);
	return IS_ERR(part) ? PTR_ERR(part) : hvm_freeze(part);
}

static long do_core(void __user *arg)
{
	struct hvm_core_info *info;
	struct hvm_part *part;
	long err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	info = memdup_user(arg, sizeof(*info));
	if (IS_ERR(info))
		return PTR_ERR(info);
	part = find(info->name);
	err = part ? hvm_describe_core(part, info) : -ENOENT;
	if (!err && copy_to_user(arg, info, sizeof(*info)))
		err = -EFAULT;
	kfree(info);
	return err;
}

static long do_slot(void __user *arg)
{
	struct hvm_slot_info info;
	struct hvm_part *part;
	long err;

	part = part_asked(arg, &info, sizeof(info), info.name);
	err = IS_ERR(part) ? PTR_ERR(part) : hvm_describe_slot(part, &info);
	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long do_module_load(void __user *arg)
{
	struct hvm_module_load load;
	struct hvm_part *part;
	long err;

	part = part_asked(arg, &load, sizeof(load), load.name);
	if (IS_ERR(part))
		return PTR_ERR(part);
	if (part->user)
		return -EOPNOTSUPP;
	err = hvm_module_load(part, &load);
	/* The address is wanted most when it was another. */
	if (copy_to_user(arg, &load, sizeof(load)))
		return err ?: -EFAULT;
	return err;
}

static long do_module_unload(void __user *arg)
{
	struct hvm_module_unload unload;
	struct hvm_part *part;

	part = part_asked(arg, &unload, sizeof(unload), unload.name);
	if (IS_ERR(part))
		return PTR_ERR(part);
	unload.module[HVM_NAME_MAX - 1] = 0;
	return hvm_module_unload(part, unload.module);
}

/* The partition that a request names; with no name that of the job. */
static struct hvm_part *find_for(struct handle *handle, char name[HVM_NAME_MAX])
{
	struct hvm_job *job = smp_load_acquire(&handle->job);

	return job && !*name ? job->part : find(name);
}

static long do_module_find(struct handle *handle, void __user *arg)
{
	struct hvm_module_find request;
	struct hvm_part *part;
	long err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	request.module[HVM_NAME_MAX - 1] = 0;
	request.symbol.name[HVM_SYMBOL_MAX - 1] = 0;
	part = find_for(handle, request.name);
	err = part ? hvm_module_find(part, &request) : -ENOENT;
	if (err)
		return err;
	return copy_to_user(arg, &request, sizeof(request)) ? -EFAULT : 0;
}

static long do_module_info(struct handle *handle, void __user *arg)
{
	struct hvm_module_info info;
	struct hvm_part *part;
	long err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	part = find_for(handle, info.name);
	err = part ? hvm_module_info(part, &info) : -ENOENT;
	if (err)
		return err;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long do_window(void __user *arg)
{
	struct hvm_window_info info = {0};

	hvm_window_describe(&info);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static const struct file_operations device_operations;

/* The job that descriptor @fd is; fput(*@file) when it is done with. */
static struct hvm_job *job_of(int fd, struct file **file)
{
	struct hvm_job *job = NULL;

	*file = fget(fd);
	if (!*file)
		return ERR_PTR(-EBADF);
	if ((*file)->f_op == &device_operations)
		job = smp_load_acquire(&((struct handle *)(*file)->private_data)->job);
	if (job)
		return job;
	fput(*file);
	return ERR_PTR(-EBADF);
}

/* With the handle's lock held. */
static long create(struct handle *handle, struct hvm_job_create *request)
{
	struct hvm_job *other = NULL, *job;
	struct file *file;

	if (handle->job)
		return -EBUSY;
	if (request->share) {
		other = job_of((int)request->share - 1, &file);
		if (IS_ERR(other))
			return PTR_ERR(other);
	}
	job = hvm_job_create(request, other);
	if (other)
		fput(file);
	if (IS_ERR(job))
		return PTR_ERR(job);
	smp_store_release(&handle->job, job);
	return 0;
}

static long do_job_create(struct handle *handle, void __user *arg)
{
	struct hvm_job_create request;
	long err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	request.name[HVM_NAME_MAX - 1] = 0;
	mutex_lock(&handle->lock);
	err = create(handle, &request);
	mutex_unlock(&handle->lock);
	/* What the request says of the partition is wanted most when it failed. */
	if (copy_to_user(arg, &request, sizeof(request)))
		return err ?: -EFAULT;
	return err;
}

static long do_thread_start(struct hvm_job *job, void __user *arg)
{
	struct hvm_job *copied = NULL;
	struct hvm_thread_start start;
	struct file *file;
	long err;

	if (copy_from_user(&start, arg, sizeof(start)))
		return -EFAULT;
	if (start.flags & HVM_THREAD_COPY) {
		copied = job_of((int)start.copy_job, &file);
		if (IS_ERR(copied))
			return PTR_ERR(copied);
	}
	err = hvm_job_thread_start(job, &start, copied);
	if (copied)
		fput(file);
	return err;
}

static long do_wait(struct hvm_job *job, void __user *arg)
{
	struct hvm_wait wait;

	if (copy_from_user(&wait, arg, sizeof(wait)))
		return -EFAULT;
	return hvm_job_wait(job, wait.slot, wait.timeout_ns);
}

static long do_event_wait(struct hvm_job *job, void __user *arg)
{
	struct hvm_event_wait wait;

	if (copy_from_user(&wait, arg, sizeof(wait)))
		return -EFAULT;
	return hvm_job_event_wait(job, &wait);
}

static long do_event_fd(struct hvm_job *job, void __user *arg)
{
	struct hvm_event_fd event;

	if (copy_from_user(&event, arg, sizeof(event)))
		return -EFAULT;
	return hvm_job_event_fd(job, &event);
}

static long do_fault(struct hvm_job *job, void __user *arg)
{
	struct hvm_fault fault;

	if (copy_from_user(&fault, arg, sizeof(fault)))
		return -EFAULT;
	return hvm_space_fault(job, fault.address, fault.error);
}

static long do_job_stats(struct hvm_job *job, void __user *arg)
{
	struct hvm_job_stats stats;

	hvm_job_stats(job, &stats);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long job_ioctl(struct hvm_job *job, unsigned int command, void __user *arg)
{
	u32 slot, keep;

	switch (command) {
	case HVM_IOC_THREAD_START:
		return do_thread_start(job, arg);
	case HVM_IOC_WAIT:
		return do_wait(job, arg);
	case HVM_IOC_FAULT:
		return do_fault(job, arg);
	case HVM_IOC_EVENT_WAIT:
		return do_event_wait(job, arg);
	case HVM_IOC_EVENT_FD:
		return do_event_fd(job, arg);
	case HVM_IOC_JOB_STATS:
		return do_job_stats(job, arg);
	case HVM_IOC_THREAD_STOP:
		return get_user(slot, (u32 __user *)arg) ?: hvm_job_thread_stop(job, slot);
	case HVM_IOC_KICK:
		return get_user(slot, (u32 __user *)arg) ?: hvm_job_kick(job, slot);
	case HVM_IOC_SIGNAL:
		return get_user(slot, (u32 __user *)arg) ?: hvm_job_signal(job, slot);
	case HVM_IOC_JOB_END:
		hvm_job_end(job, true);
		return 0;
	case HVM_IOC_JOB_KEEP:
		return get_user(keep, (u32 __user *)arg) ?: hvm_job_keep(job, keep);
	default:
		return -ENOTTY;
	}
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct handle *handle = file->private_data;
	void __user *arg = (void __user *)argument;
	struct hvm_job *job;

	switch (command) {
	case HVM_IOC_REVISION:
		return do_revision(arg);
	case HVM_IOC_INFO:
		return do_info(arg);
	case HVM_IOC_ACTIVITY:
		return do_activity(arg);
	case HVM_IOC_GROUP_ACTIVITY:
		return do_group_activity(arg);
	case HVM_IOC_LOAD:
		return do_load(arg);
	case HVM_IOC_BOOT:
		return do_boot_or_down(arg, true);
	case HVM_IOC_DOWN:
		return do_boot_or_down(arg, false);
	case HVM_IOC_LOG:
		return do_log(arg);
	case HVM_IOC_PING:
		return do_ping(arg);
	case HVM_IOC_FREEZE:
		return do_freeze(arg);
	case HVM_IOC_CORE:
		return do_core(arg);
	case HVM_IOC_SLOT:
		return do_slot(arg);
	case HVM_IOC_MODULE_LOAD:
		return do_module_load(arg);
	case HVM_IOC_MODULE_UNLOAD:
		return do_module_unload(arg);
	case HVM_IOC_MODULE_FIND:
		return do_module_find(handle, arg);
	case HVM_IOC_MODULE_INFO:
		return do_module_info(handle, arg);
	case HVM_IOC_WINDOW:
		return do_window(arg);
	case HVM_IOC_JOB_CREATE:
		return do_job_create(handle, arg);
	default:
		job = smp_load_acquire(&handle->job);
		return job ? job_ioctl(job, command, arg) : -ENOTTY;
	}
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct handle *handle = file->private_data;
	struct hvm_job *job = smp_load_acquire(&handle->job);

	if (vma->vm_pgoff == HVM_MAP_WINDOW >> PAGE_SHIFT)
		return hvm_window_mmap(vma);
	return job ? hvm_job_mmap(job, vma) : -EINVAL;
}

static const struct file_operations device_operations = {
    .owner = THIS_MODULE,
    .open = device_open,
    .flush = device_flush,
    .release = device_release,
    .unlocked_ioctl = device_ioctl,
    .mmap = device_mmap,
    .llseek = no_llseek,
};

struct miscdevice hvm_device = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "hvm",
    .fops = &device_operations,
    .mode = 0666, /* an HRT core is no more of a privilege than a CPU; administration asks for CAP_SYS_ADMIN */
};
