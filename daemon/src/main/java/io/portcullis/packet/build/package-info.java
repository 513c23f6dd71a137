/**
 * Frames made here, not received: {@link io.portcullis.packet.build.FrameBuilder} for the warm-up, {@link
 * io.portcullis.packet.build.FirstPacket} for questions about a flow. Never used for each frame.
 *
 * <p>Imports {@code packet}, {@code packet.wire} and {@code net}. The tests have a builder of their own, which shares nothing
 * with this one.
 */
@NullMarked
package io.portcullis.packet.build;

import org.jspecify.annotations.NullMarked;
