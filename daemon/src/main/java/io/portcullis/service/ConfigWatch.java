package io.portcullis.service;

import io.portcullis.linux.LastingThread;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
    private final Map<Path, WatchKey> watched = new ConcurrentHashMap<>();

    /**
     * Starts to watch.
     *
     * @param folders of the configuration as it was read
     * @param onChange called on the watching thread, after every change of any file in those folders
     * @throws IOException where inotify gives no more watches
     */
    ConfigWatch(Path file, Set<Path> folders, Runnable onChange) throws IOException {
        this.file = file;
        this.onChange = onChange;
        this.service = FileSystems.getDefault().newWatchService();
        follow(folders);
        LastingThread.unstarted("portcullis-watch", this::run).start();
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
            }
        } catch (ClosedWatchServiceException closed) {
            LOG.debug("the watch on {} ends", file, closed);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * An edited file may include from other folders than before. One thread at a time.
     *
     * @return true when a folder is watched from now on in which something may have changed since it was read
     * @throws IOException where inotify gives no more watches
     */
    boolean follow(Set<Path> wanted) throws IOException {
        boolean more = false;
        watched.forEach((folder, key) -> {
            if (!wanted.contains(folder)) {
                key.cancel();
            }
        });
        watched.keySet().retainAll(wanted);
        for (Path folder : wanted) {
            if (!watched.containsKey(folder)) {
                more = true;
                watched.put(
                        folder,
                        folder.register(
                                service,
                                StandardWatchEventKinds.ENTRY_CREATE,
                                StandardWatchEventKinds.ENTRY_MODIFY,
                                StandardWatchEventKinds.ENTRY_DELETE));
            }
        }
        return more;
    }

    @Override
    public void close() throws IOException {
        service.close();
    }
}
