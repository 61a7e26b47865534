// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A container runtime that says what it likes: handover DEVICE [PID]. Its child opens the device; the
 * notifications of that go to teegate's supervisor, as if they were those of process PID, or else of the
 * child itself, which they are. Prints what the child gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET	"/run/teegate/seccomp.sock"

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(78);
}

static int listener(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl");
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Shares its descriptors with us, so its listener is ours, too. */
static void child(const char *device, int out, int in)
{
	char path[64], result[64], go;
	int fd = listener();

	must(fd >= 0 && write(out, &fd, sizeof(fd)) == sizeof(fd), "listener");
	must(read(in, &go, 1) == 1, "go");
	snprintf(path, sizeof(path), "/dev/%s", device);
	fd = open(path, O_RDWR);
	snprintf(result, sizeof(result), "%s\n", fd < 0 ? strerrorname_np(errno) : "open");
	must(write(STDOUT_FILENO, result, strlen(result)) > 0, "stdout");
	_exit(0);
}

static void hand_over(int fd, pid_t pid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	char text[256], control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { text, 0 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	must(connect(s, (struct sockaddr *)&address, sizeof(address)) == 0, SOCKET);
	iov.iov_len = (size_t)snprintf(text, sizeof(text),
		"{\"ociVersion\":\"1.0.2\",\"fds\":[\"seccompFd\"],\"pid\":%d,\"state\":{\"id\":\"made-up\","
		"\"status\":\"creating\",\"pid\":%d,\"bundle\":\"/\"}}", (int)pid, (int)pid);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	must(sendmsg(s, &message, 0) > 0, "sendmsg");
	close(s);
}

int main(int argc, char **argv)
{
	int out[2], in[2], fd, status;
	pid_t pid;

	must(argc > 1 && pipe(out) == 0 && pipe(in) == 0, "pipe");
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, 0);
	must(pid >= 0, "clone");
	if (pid == 0)
		child(argv[1], out[1], in[0]);
	must(read(out[0], &fd, sizeof(fd)) == sizeof(fd), "child");
	hand_over(fd, argc > 2 ? atoi(argv[2]) : pid);
	close(fd);
	must(write(in[1], "", 1) == 1 && waitpid(pid, &status, 0) == pid, "wait");
	return WEXITSTATUS(status);
}
