package io.portcullis.service;

import io.portcullis.config.Config;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees when the configuration may have changed: watches the folders of the file and of what it includes (inotify), so that
 * editors that write a new file and rename it are seen as well as those that write in place. Waits until a folder has
 * been quiet for a moment before it reports.
 */
final class ConfigWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigWatch.class);
    private static final long QUIET_MS = 100;

    private final Path file;
    private final Runnable onChange;
    private final WatchService service;
    private final Map<Path, WatchKey> watched = new HashMap<>();

    /**
     * Starts to watch.
     *
     * @param onChange called on the watching thread, after every change of any file in those folders
     * @throws IOException where inotify gives no more watches
     */
    ConfigWatch(Path file, Runnable onChange) throws IOException {
        this.file = file;
        this.onChange = onChange;
        this.service = FileSystems.getDefault().newWatchService();
        watchFolders();
        Thread.ofPlatform().daemon().name("portcullis-watch").start(this::run);
    }

    private void run() {
        try {
            while (true) {
                WatchKey key = service.take();
                while (key != null) {
                    key.pollEvents();
                    if (!key.reset()) {
                        watched.values().remove(key);
                    }
                    key = service.poll(QUIET_MS, TimeUnit.MILLISECONDS);
                }
                onChange.run();
                watchFolders();
            }
        } catch (ClosedWatchServiceException closed) {
            LOG.debug("the watch on {} ends", file, closed);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.error("changes of {} are no longer seen, use portcullis reload: {}", file, e.getMessage());
        }
    }

    /** An edited file may include from other folders than before. */
    private void watchFolders() throws IOException {
        Set<Path> wanted = Config.folders(file);
        watched.forEach((folder, key) -> {
            if (!wanted.contains(folder)) {
                key.cancel();
            }
        });
        watched.keySet().retainAll(wanted);
        for (Path folder : wanted) {
            if (!watched.containsKey(folder)) {
                watched.put(
                        folder,
                        folder.register(
                                service,
                                StandardWatchEventKinds.ENTRY_CREATE,
                                StandardWatchEventKinds.ENTRY_MODIFY,
                                StandardWatchEventKinds.ENTRY_DELETE));
            }
        }
    }

    @Override
    public void close() throws IOException {
        service.close();
    }
}
