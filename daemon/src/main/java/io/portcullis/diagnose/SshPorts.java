package io.portcullis.diagnose;

import io.portcullis.linux.netlink.TcpListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ports of this host for ssh logins: 22, and every other port that an sshd of root listens on. A port counts only if a socket of
 * root listens on it, so that no other user can add one.
 */
final class SshPorts {
    /** How a port was found. */
    enum Way {
        /** Port 22. */
        USUAL("the usual port", true),
        /** systemd created the socket, or sshd runs as a service: the control group of the socket shows it. */
        SERVICE("its service", true),
        /** An {@code sshd_config} that every user may read names it. */
        CONFIGURATION("sshd_config", true),
        /** An {@code sshd_config} that only root may read names it. */
        PRIVATE_CONFIGURATION("sshd_config, which root alone may read", false),
        /** An sshd process has the socket open. */
        PROCESS("its process", false);

        private final String text;
        private final boolean isOpenToAll;

        Way(String text, boolean isOpenToAll) {
            this.text = text;
            this.isOpenToAll = isOpenToAll;
        }

        /** As text for a message. */
        String text() {
            return text;
        }

        /** True: the service finds a port this way too, although its user is not root and its sandbox hides processes. */
        boolean isOpenToAll() {
            return isOpenToAll;
        }
    }

    /**
     * The folders to search.
     *
     * @param processes {@code /proc}
     * @param services the control group of the services, in the version 2 hierarchy
     * @param configuration {@code /etc/ssh}
     */
    record Places(Path processes, Path services, Path configuration) {
        /** The folders of this host. */
        static Places ofThisHost() {
            Path groups = Path.of("/sys/fs/cgroup");
            Path version2 = Files.exists(groups.resolve("cgroup.controllers")) ? groups : groups.resolve("unified");
            return new Places(Path.of("/proc"), version2.resolve("system.slice"), Path.of("/etc/ssh"));
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(SshPorts.class);

    private static final int USUAL_PORT = 22;
    private static final String SOCKET = "socket:[";
    private static final int ROOT = 0;
    private static final Set<String> PROGRAMS = Set.of("sshd", "dropbear");
    private static final Pattern UNIT = Pattern.compile("(sshd?|dropbear)(-[^.]*)?(@.*)?[.](service|socket)");
    private static final String SLICES = "system-{ssh,sshd,dropbear}*.slice";

    private SshPorts() {}

    /** The ports, each with all the ways in which it was found; none if no socket of root listens. */
    static Map<Integer, Set<Way>> find(List<TcpListener> listeners, Places places) {
        List<TcpListener> roots =
                listeners.stream().filter(listener -> listener.uid() == ROOT).toList();
        if (roots.isEmpty()) {
            return Map.of();
        }
        Set<Long> services = services(places.services());
        Set<Long> sockets = socketsOfProcesses(places.processes());
        Map<Integer, Way> configured = configured(places.configuration());
        Map<Integer, Set<Way>> ports = new TreeMap<>();
        for (TcpListener listener : roots) {
            Set<Way> ways = EnumSet.noneOf(Way.class);
            if (listener.port() == USUAL_PORT) {
                ways.add(Way.USUAL);
            }
            if (services.contains(listener.cgroup())) {
                ways.add(Way.SERVICE);
            }
            if (sockets.contains(listener.inode())) {
                ways.add(Way.PROCESS);
            }
            Way way = configured.get(listener.port());
            if (way != null) {
                ways.add(way);
            }
            if (!ways.isEmpty()) {
                ports.computeIfAbsent(listener.port(), _ -> EnumSet.noneOf(Way.class))
                        .addAll(ways);
            }
        }
        return ports;
    }

    /** Inodes of the control groups of sshd's units; the kernel reports the same number for a socket. */
    private static Set<Long> services(Path slice) {
        Set<Long> inodes = new HashSet<>();
        List<Path> folders = new ArrayList<>(List.of(slice));
        folders.addAll(list(slice, SLICES));
        for (Path folder : folders) {
            for (Path group : list(folder, "*")) {
                if (UNIT.matcher(group.getFileName().toString()).matches()) {
                    read(group, () -> inodes.add((Long) Files.getAttribute(group, "unix:ino")));
                }
            }
        }
        return inodes;
    }

    /** Inodes of the sockets that sshd processes have open; none if processes of other users are hidden. */
    private static Set<Long> socketsOfProcesses(Path proc) {
        Set<Long> inodes = new HashSet<>();
        for (Path process : list(proc, "[0-9]*")) {
            read(process, () -> {
                if (PROGRAMS.contains(Files.readString(process.resolve("comm")).strip())) {
                    for (Path descriptor : list(process.resolve("fd"), "*")) {
                        String open = Files.readSymbolicLink(descriptor).toString();
                        if (open.startsWith(SOCKET)) {
                            inodes.add(Long.parseLong(open, SOCKET.length(), open.length() - 1, 10));
                        }
                    }
                }
            });
        }
        return inodes;
    }

    private static Map<Integer, Way> configured(Path folder) {
        List<Path> files = new ArrayList<>(List.of(folder.resolve("sshd_config")));
        files.addAll(list(folder.resolve("sshd_config.d"), "*.conf"));
        Map<Integer, Way> ports = new TreeMap<>();
        for (Path file : files) {
            read(file, () -> {
                boolean isOpenToAll = Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ);
                // Comments may be in any encoding.
                for (int port : ports(Files.readString(file, StandardCharsets.ISO_8859_1))) {
                    ports.merge(
                            port,
                            isOpenToAll ? Way.CONFIGURATION : Way.PRIVATE_CONFIGURATION,
                            (one, other) -> one == Way.CONFIGURATION ? one : other);
                }
            });
        }
        return ports;
    }

    /** The files of a folder, sorted; none if it is missing or unreadable. */
    private static List<Path> list(Path folder, String glob) {
        List<Path> all = new ArrayList<>();
        read(folder, () -> {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, glob)) {
                found.forEach(all::add);
            } catch (DirectoryIteratorException gone) {
                throw gone.getCause();
            }
        });
        all.sort(null);
        return all;
    }

    private interface Reading {
        void run() throws IOException;
    }

    /** Ignores a file that is missing, has just gone, or is unreadable: the other ways remain. */
    private static void read(Path where, Reading reading) {
        try {
            reading.run();
        } catch (IOException hidden) {
            LOG.debug("{} can't be read", where, hidden);
        }
    }

    /** The ports that a text in the language of sshd_config(5) names. */
    static Set<Integer> ports(String text) {
        Set<Integer> ports = new HashSet<>();
        text.lines().map(String::strip).forEach(line -> {
            String[] words = line.split("[\\s=]+", 3);
            String value = words.length < 2 ? "" : words[1].replace("\"", "");
            String port = switch (words[0].toLowerCase(Locale.ROOT)) {
                case "port" -> value;
                case "listenaddress" -> portOf(value);
                default -> "";
            };
            if (port.matches("[0-9]{1,5}")) {
                ports.add(Integer.parseInt(port));
            }
        });
        return ports;
    }

    /** The port of {@code host:port} and {@code [address]:port}; an address with more colons has none. */
    private static String portOf(String listen) {
        int colon = listen.lastIndexOf(':');
        boolean has = listen.startsWith("[") ? listen.indexOf("]:") == colon - 1 : listen.indexOf(':') == colon;
        return has && colon >= 0 ? listen.substring(colon + 1) : "";
    }

    /** Ports and ways as text: {@code 22 (the usual port), 2222 (its process)}. */
    static String text(Map<Integer, Set<Way>> ports) {
        return ports.entrySet().stream()
                .map(port -> port.getKey()
                        + port.getValue().stream().map(Way::text).collect(Collectors.joining(", ", " (", ")")))
                .collect(Collectors.joining(", "));
    }

    /** The ports that the service does not find. */
    static List<Integer> hiddenFromTheService(Map<Integer, Set<Way>> ports) {
        return ports.entrySet().stream()
                .filter(port -> port.getValue().stream().noneMatch(Way::isOpenToAll))
                .map(Map.Entry::getKey)
                .toList();
    }
}
