package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

class ErrnoTest {
    @Test
    void aNumberHasANameAndAText() {
        assertEquals("ENODEV", Errno.name(Errno.ENODEV));
        assertEquals("No such device", Errno.text(Errno.ENODEV));
        assertEquals("EHWPOISON", Errno.name(133));
        assertEquals("errno 4711", Errno.name(4711));
        assertEquals("Unknown error 4711", Errno.text(4711));
        assertEquals("bind(7): EADDRINUSE (Address already in use)", new ErrnoException("bind(7)", 98).getMessage());
    }

    @Test
    @SuppressWarnings("restricted")
    void everyEntryIsTheCLibrarys() throws Throwable {
        SymbolLookup libc = Linker.nativeLinker().defaultLookup();
        assumeTrue(libc.find("strerrorname_np").isPresent(), "glibc before 2.32");
        FunctionDescriptor type = FunctionDescriptor.of(ADDRESS, JAVA_INT);
        MethodHandle nameOf = Linker.nativeLinker().downcallHandle(libc.findOrThrow("strerrorname_np"), type);
        MethodHandle textOf = Linker.nativeLinker().downcallHandle(libc.findOrThrow("strerrordesc_np"), type);
        int known = 0;
        for (int errno = 1; errno < 200; errno++) {
            MemorySegment name = (MemorySegment) nameOf.invokeExact(errno);
            if (name.equals(MemorySegment.NULL)) {
                assertEquals("errno " + errno, Errno.name(errno));
                continue;
            }
            MemorySegment text = (MemorySegment) textOf.invokeExact(errno);
            assertEquals(name.reinterpret(100).getString(0), Errno.name(errno));
            assertEquals(text.reinterpret(100).getString(0), Errno.text(errno));
            known++;
        }
        assertEquals(131, known);
    }
}
