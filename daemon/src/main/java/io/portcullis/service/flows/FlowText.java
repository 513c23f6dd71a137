package io.portcullis.service.flows;

import io.portcullis.config.Rule;
import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.operations.traffic.FlowsReport.FlowView;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

/** A flow as the reports show it. */
final class FlowText {
    private static final int OUTER_VLAN = 12;
    private static final int VLAN_ID = 0xfff;

    private FlowText() {}

    static FlowView view(Selection.On on, FlowCopy flow, long nowNs) {
        boolean inward = flow.direction() == Direction.INGRESS;
        TrafficSum total = new TrafficSum();
        total.set(flow);
        return new FlowView(
                on.iface().name(),
                flow.direction().label(),
                Rule.protocolName(flow.protocol()),
                (inward ? flow.outside() : flow.inside()).toString(),
                inward ? flow.outsidePort() : flow.insidePort(),
                (inward ? flow.inside() : flow.outside()).toString(),
                inward ? flow.insidePort() : flow.outsidePort(),
                icmp(flow),
                vlans(flow.vlans()),
                flow.timeout().key(),
                flow.isReplied(),
                total.traffic(),
                flow.firstSeenNs() == 0 ? null : ms(nowNs - flow.firstSeenNs()),
                ms(flow.idleNs(nowNs)),
                ms(flow.leftNs()),
                on.rules().view(flow.rule()));
    }

    private static long ms(long ns) {
        return TimeUnit.NANOSECONDS.toMillis(Math.max(0, ns));
    }

    private static String icmp(FlowCopy flow) {
        return IpProtocol.isIcmp(flow.protocol(), flow.isV6())
                ? "type " + (flow.selector() >>> 24) + " code " + (flow.selector() >>> 16 & 0xff) + " id "
                        + (flow.selector() & 0xffff)
                : "";
    }

    private static String vlans(int vlans) {
        int outer = vlans >>> OUTER_VLAN;
        String inner = Integer.toString(vlans & VLAN_ID);
        return vlans == 0 ? "" : outer == 0 ? inner : outer + "." + inner;
    }

    /** {@code tcp 203.0.113.9:51544 → 10.0.5.10:443}. */
    static String tuple(FlowCopy flow) {
        boolean inward = flow.direction() == Direction.INGRESS;
        String outside = end(flow.outside(), flow.outsidePort());
        String inside = end(flow.inside(), flow.insidePort());
        String text = Rule.protocolName(flow.protocol()) + " " + (inward ? outside : inside) + " → "
                + (inward ? inside : outside);
        return flow.vlans() == 0 ? text : text + " vlan " + vlans(flow.vlans());
    }

    private static String end(Address address, int port) {
        return port == 0 ? address.toString() : address.isV6() ? "[" + address + "]:" + port : address + ":" + port;
    }

    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
    }
}
