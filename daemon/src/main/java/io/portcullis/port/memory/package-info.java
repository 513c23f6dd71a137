/**
 * A port without a NIC, for tests and replay: {@link io.portcullis.port.memory.MemoryPort}.
 *
 * <p>May import {@code packet}, {@code port} and Netty.
 */
@NullMarked
package io.portcullis.port.memory;

import org.jspecify.annotations.NullMarked;
