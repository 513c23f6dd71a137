/**
 * Ports through libpcap: {@link io.portcullis.port.pcap.PcapPort}. The portable datapath: it copies every frame and
 * knows no offloads, so the NIC's are switched off before it is opened.
 *
 * <p>May import {@code packet}, {@code port}, {@code linux}, Netty and pcap4j. Start reading at {@code PcapPort};
 * {@code Capture} is libpcap's part.
 */
@NullMarked
package io.portcullis.port.pcap;

import org.jspecify.annotations.NullMarked;
