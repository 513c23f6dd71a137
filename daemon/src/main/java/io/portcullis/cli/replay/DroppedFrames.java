package io.portcullis.cli.replay;

import io.portcullis.capture.CapturedPort;
import io.portcullis.capture.PcapngWriter;
import io.portcullis.net.Direction;
import io.portcullis.service.process.Version;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Writes the frames that are or would be dropped to a pcapng file, with reason and nearest rule as comment. */
final class DroppedFrames implements FrameSink, Closeable {
    private final PcapngWriter writer;
    private final Causes causes;

    /** Creates the file, or replaces its content. */
    DroppedFrames(Path file, String interfaceName, Causes causes) throws IOException {
        CapturedPort port =
                new CapturedPort(interfaceName, "frames that portcullis replay dropped", CapturedPort.WHOLE_FRAMES);
        writer = PcapngWriter.create(file, "portcullis " + Version.text(), List.of(port));
        this.causes = causes;
    }

    @Override
    public void take(JudgedFrame judged) throws IOException {
        Direction direction = judged.direction();
        if (direction != null && judged.verdict().drops()) {
            writer.write(0, judged.epochNs(), direction, judged.frame(), judged.length(), comment(judged));
        }
    }

    private String comment(JudgedFrame judged) {
        StringBuilder comment = new StringBuilder(judged.verdict().label())
                .append(' ')
                .append(judged.reason().label())
                .append(": ")
                .append(judged.reason().meaning());
        String rule = causes.rule(judged);
        String nearest = causes.nearest(judged);
        return comment.append(rule.isEmpty() ? "" : "\nrule: " + rule)
                .append(nearest.isEmpty() ? "" : "\nnearest: " + nearest)
                .append("\nframe ")
                .append(judged.number())
                .append(" of the capture")
                .toString();
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
