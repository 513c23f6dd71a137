/**
 * Capture files for Wireshark and tcpdump: {@link io.portcullis.capture.PcapngWriter} writes frames with port, direction, time and
 * a comment. libpcap's own writer knows neither directions nor comments.
 *
 * <p>May import {@code net}. Start reading at {@code PcapngWriter.open}.
 */
@NullMarked
package io.portcullis.capture;

import org.jspecify.annotations.NullMarked;
