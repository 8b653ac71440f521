/* The programs that stand-ins "compile": prints what stands behind its own last mark. No C library, so that it runs in
 * an empty image. Built with: cc -Os -static -nostdlib -ffreestanding -fno-stack-protector -o printer elf.c */
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static char data[1 << 16];

void _start(void)
{
    long file = call(2, (long)"/proc/self/exe", 0, 0), size = 0, got;
    while ((got = call(0, file, (long)(data + size), sizeof data - size)) > 0)
        size += got;
    long at = size;
    while (at > 0 && data[at - 1] != '\001')
        at--;
    call(1, 1, (long)(data + at), size - at);
    call(60, at == 0, 0, 0);
}
