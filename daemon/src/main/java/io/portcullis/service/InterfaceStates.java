package io.portcullis.service;

import io.portcullis.metrics.InterfaceState;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.StatusReport;
import java.util.List;

/** The interfaces of a status, as metrics show them. */
final class InterfaceStates {
    private InterfaceStates() {}

    static List<InterfaceState> of(StatusReport status) {
        return status.interfaces().stream().map(InterfaceStates::of).toList();
    }

    private static InterfaceState of(InterfaceStatus status) {
        // The inside of a host is no NIC of the configuration.
        boolean bridge = status.mode().equals("bridge") && !status.inside().isEmpty();
        return new InterfaceState(
                status.name(),
                status.mode(),
                bridge ? status.outside() + "," + status.inside() : status.outside(),
                status.datapath(),
                status.forwarding());
    }
}
