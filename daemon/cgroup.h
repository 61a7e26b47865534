/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of the cgroup v2 hierarchy, by descriptor. */
#ifndef TEEGATED_CGROUP_H
#define TEEGATED_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

/* cgroup_number() - its id, unique while the system runs, by which the kernel knows it, too. 0: none. */
uint64_t cgroup_number(int fd);

/* cgroup_open() - the directory at @path, as /proc/PID/cgroup shows it. */
int cgroup_open(int root_fd, const char *path);

/* cgroup_populated() - 1: there is a process in it or below; 0: none, or it was removed. */
int cgroup_populated(int fd);

/*
 * cgroup_walk_up() - calls @visit for the directory @fd and each above it up to, but without, the root
 * of the hierarchy @root_fd, until one call returns something else than 0. Returns that, 0 at the root,
 * or a negative errno. Cgroups never move, so what was a parent stays one.
 */
typedef int (*cgroup_visit_t)(uint64_t number, int fd, void *userdata);
int cgroup_walk_up(int fd, int root_fd, cgroup_visit_t visit, void *userdata);

#endif
