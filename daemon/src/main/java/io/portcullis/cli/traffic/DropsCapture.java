package io.portcullis.cli.traffic;

import io.portcullis.capture.CapturedPort;
import io.portcullis.capture.PcapngWriter;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.service.process.Version;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;

/** Writes recorded drops as a capture, each with its reason and the nearest rule as a comment. */
final class DropsCapture {
    private DropsCapture() {}

    /**
     * Creates the file, or replaces it.
     *
     * @param report with frames
     */
    static void write(Path file, DropsReport report) throws IOException {
        List<String> names = new ArrayList<>(new LinkedHashSet<>(
                report.drops().stream().map(DropsReport.DropView::interfaceName).toList()));
        List<CapturedPort> ports = names.stream()
                .map(name -> new CapturedPort(name, "drops of portcullis", CapturedPort.WHOLE_FRAMES))
                .toList();
        try (PcapngWriter writer = PcapngWriter.create(file, "portcullis " + Version.text(), ports)) {
            for (DropsReport.DropView drop : report.drops()) {
                writer.write(
                        names.indexOf(drop.interfaceName()),
                        drop.epochNs(),
                        drop.direction().equals("ingress") ? Direction.INGRESS : Direction.EGRESS,
                        MemorySegment.ofArray(Base64.getDecoder().decode(drop.frame())),
                        drop.length(),
                        comment(drop));
            }
        }
    }

    private static String comment(DropsReport.DropView drop) {
        String cause = DropsText.cause(drop);
        return drop.verdict() + " " + drop.reason() + ", " + drop.packets()
                + (drop.packets() == 1 ? " packet" : " packets") + (cause.isEmpty() ? "" : "; nearest: " + cause);
    }
}
