package io.portcullis.hits.file;

import io.portcullis.hits.HitPart;
import io.portcullis.hits.HitTable;
import io.portcullis.linux.BootId;
import io.portcullis.linux.FileName;
import io.portcullis.linux.StateFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of rule hits of one configuration. */
public final class HitStore {
    private static final Logger LOG = LoggerFactory.getLogger(HitStore.class);

    private static final String FOLDER = "hits";
    private static final Duration KEPT = Duration.ofDays(HitTable.KEPT_DAYS);

    private final Path live;
    private final Path lasting;

    /**
     * Opens nothing yet.
     *
     * @param state result of {@link StateFolder#ofThisBoot}
     * @param lasting result of {@link StateFolder#lasting}
     * @param configuration the file that includes the others
     */
    public HitStore(Path state, Path lasting, Path configuration) {
        live = state.resolve(FOLDER);
        this.lasting = lasting.resolve(FOLDER)
                .resolve(FileName.of(configuration.toAbsolutePath().normalize().toString()));
    }

    /**
     * Opens the hits of an interface, with those of earlier runs as far as they can be read. It can't fail: what can't be written is in
     * memory, and {@link KeptHits#troubles} says why.
     */
    public KeptHits open(String interfaceName, int workers) {
        UUID boot;
        try {
            boot = BootId.read();
        } catch (IOException unknown) {
            LOG.warn("the boot is not known: rule hits of a run that crashed are not found: {}", unknown.getMessage());
            boot = UUID.randomUUID();
        }
        return new KeptHits(
                live, lasting.resolve(FileName.of(interfaceName)), new HitPart.Owner(interfaceName, boot), workers);
    }

    /**
     * Removes the hits of interfaces that have left the configuration {@value HitTable#KEPT_DAYS} days ago.
     *
     * @param configured names of the others
     */
    public void prune(Set<String> configured) {
        if (!Files.isDirectory(lasting)) {
            return;
        }
        Set<String> names = configured.stream().map(FileName::of).collect(Collectors.toSet());
        Instant oldest = Instant.now().minus(KEPT);
        try (Stream<Path> all = Files.list(lasting)) {
            List<Path> files = all.toList();
            for (Path file : files) {
                boolean isOurs = names.contains(file.getFileName().toString());
                if (!isOurs && Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            LOG.debug("old hits stay in {}", lasting, e);
        }
    }
}
