/**
 * Ports through libpcap: {@link io.portcullis.port.pcap.PcapPort}. The portable datapath: it copies every frame and
 * supports no offloads, so the NIC's offloads are switched off before it is opened.
 *
 * <p>May import {@code packet}, {@code port}, {@code linux}, Netty and pcap4j. Start reading at {@code PcapPort};
 * {@code Capture} calls libpcap.
 */
@NullMarked
package io.portcullis.port.pcap;

import org.jspecify.annotations.NullMarked;
