/* Starts a stand-in, as `#!` calls it with the stand-in's path. Where the sandbox's server is at hand (descriptor 9), that runs it;
 * elsewhere, as in a real engine, the interpreter is started. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(void)
{
    int kind = 0, pair[2], handles[6] = {0, 1, 2};
    socklen_t size = sizeof kind;
    char text[32], space[CMSG_SPACE(sizeof handles)], answer;
    if (getsockopt(9, SOL_SOCKET, SO_TYPE, &kind, &size) != 0 || kind != SOCK_SEQPACKET)
        return -1;
    handles[3] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    handles[4] = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handles[3] < 0 || handles[4] < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    handles[5] = pair[1];
    struct iovec part = {text, (size_t)snprintf(text, sizeof text, "%d", (int)getpid())};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof handles);
    memcpy(CMSG_DATA(head), handles, sizeof handles);
    if (sendmsg(9, &message, 0) < 0)
        return -1;
    close(pair[1]);
    return read(pair[0], &answer, 1) == 1 ? (unsigned char)answer : 1;
}

int main(int count, char **words)
{
    int status = ask();
    if (status >= 0)
        return status;
    char **list = calloc(count + 3, sizeof *list);
    int at = 0;
    list[at++] = "/usr/lib/standin/python";
    list[at++] = "-SsB";
    for (int index = 1; index < count; index++)
        list[at++] = words[index];
    /* the user's own variables for Python are put aside, and given back by the stand-in of python */
    if (getenv("PYTHONPATH"))
        setenv("STANDIN_PYTHONPATH", getenv("PYTHONPATH"), 1);
    unsetenv("PYTHONPATH");
    setenv("PYTHONHOME", "/usr/lib/standin", 1);
    execv(list[0], list);
    return 127;
}
