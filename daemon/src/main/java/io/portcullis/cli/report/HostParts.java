package io.portcullis.cli.report;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.service.process.Version;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The machine: versions, NICs with what is attached to them, the files of portcullis, the process. */
final class HostParts {
    private static final List<String> PROCESS_FILES =
            List.of("status", "limits", "cgroup", "oom_score_adj", "schedstat", "smaps_rollup", "io");

    private HostParts() {}

    /**
     * All of them.
     *
     * @param nics names of the guarded NICs
     * @param pid of the daemon; 0: it does not run
     */
    static void gather(Parts parts, Set<String> nics, long pid) {
        parts.add("version.txt", "portcullis, Java, kernel, distribution, memory", Part.Form.TEXT, HostParts::versions);
        parts.add("nics.txt", "guarded NICs: properties, counters, features", Part.Form.TEXT, () -> nics(nics));
        parts.add(
                "programs.txt",
                "qdiscs, filters and tcx programs of guarded NICs",
                Part.Form.TEXT,
                () -> programs(nics));
        parts.add(
                "files.txt",
                "files in the run and state folders: mode, owner, size, time, first 8 bytes",
                Part.Form.TEXT,
                HostParts::files);
        if (pid > 0) {
            parts.add("process.txt", "the daemon's process in /proc", Part.Form.TEXT, () -> process(pid));
            parts.add(
                    "threads.txt",
                    "its threads: state, processor time, where they wait",
                    Part.Form.TEXT,
                    () -> threads(pid));
        }
    }

    private static String versions() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("portcullis ").append(Version.text()).append('\n');
        for (String key : List.of("java.runtime.name", "java.runtime.version", "java.vendor", "os.arch")) {
            text.append(key).append(": ").append(System.getProperty(key)).append('\n');
        }
        text.append("processors: ")
                .append(Runtime.getRuntime().availableProcessors())
                .append('\n');
        for (String file :
                List.of("/proc/version", "/etc/os-release", "/proc/uptime", "/proc/loadavg", "/proc/meminfo")) {
            text.append("\n== ").append(file).append('\n').append(readable(Path.of(file)));
        }
        return text.toString();
    }

    private static String readable(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(1 << 20), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "not readable: " + cause(e) + "\n";
        }
    }

    private static String cause(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "it does not exist";
            case AccessDeniedException _ -> "permission denied";
            default -> String.valueOf(e.getMessage());
        };
    }

    private static List<Nic> guarded(Set<String> names) throws ErrnoException {
        return Nics.all().stream()
                .filter(nic -> names.contains(nic.name()) || nic.name().matches("pc[hdtu]-.+"))
                .toList();
    }

    private static String nics(Set<String> names) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Nic nic : guarded(names)) {
            text.append("== ").append(nic.name()).append('\n').append(nic).append('\n');
            text.append(Program.output("ip", "-d", "-s", "link", "show", "dev", nic.name()));
            try {
                Offloads.read(nic.name()).features().stream()
                        .filter(feature -> feature.active() || feature.available())
                        .forEach(feature -> text.append("  ")
                                .append(feature.name())
                                .append(feature.active() ? ": on" : ": off")
                                .append(feature.available() ? "" : " [fixed]")
                                .append(feature.wanted() == feature.active() ? "" : " [requested otherwise]")
                                .append('\n'));
            } catch (ErrnoException e) {
                text.append("features: ").append(e.getMessage()).append('\n');
            }
        }
        return text.isEmpty() ? "no guarded NIC exists here\n" : text.toString();
    }

    private static String programs(Set<String> names) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Nic nic : guarded(names)) {
            text.append("== ").append(nic.name()).append('\n');
            text.append(Program.output("tc", "-s", "qdisc", "show", "dev", nic.name()));
            for (String way : List.of("ingress", "egress")) {
                text.append("-- filters, ").append(way).append('\n');
                text.append(withoutCode(Program.output("tc", "-s", "filter", "show", "dev", nic.name(), way)));
                text.append("-- tcx programs, ").append(way).append(": ");
                try {
                    text.append(Tcx.query(nic.index(), way.equals("ingress")));
                } catch (ErrnoException e) {
                    text.append(e.getMessage());
                }
                text.append('\n');
            }
        }
        return text.isEmpty() ? "no guarded NIC exists here\n" : text.toString();
    }

    /** Compiled rules have addresses as numbers. */
    static String withoutCode(String filters) {
        return filters.replaceAll("bytecode '[^']*'", "bytecode [removed]")
                .replaceAll("\\bmatch [0-9a-fA-F]{8}/[0-9a-fA-F]{8}", "match [removed]")
                .replaceAll("\\b((?:src|dst)_(?:ip|mac)) \\S+", "$1 [removed]");
    }

    private static String files() throws IOException {
        StringBuilder text = new StringBuilder();
        for (Path folder : List.of(StateFolder.ofThisBoot(), StateFolder.lasting())) {
            text.append("== ").append(folder).append('\n');
            try (Stream<Path> all = Files.walk(folder, 4)) {
                for (Path file : all.sorted().toList()) {
                    text.append(line(folder, file)).append('\n');
                }
            } catch (IOException e) {
                text.append("not readable: ").append(cause(e)).append('\n');
            } catch (UncheckedIOException e) {
                text.append("not readable: ").append(e.getMessage()).append('\n');
            }
        }
        return text.toString();
    }

    private static String line(Path folder, Path file) {
        try {
            Map<String, Object> attributes = Files.readAttributes(
                    file, "unix:mode,uid,gid,size,lastModifiedTime,isRegularFile", LinkOption.NOFOLLOW_LINKS);
            String begin = "";
            if (attributes.get("isRegularFile") instanceof Boolean regular && regular) {
                try (InputStream in = Files.newInputStream(file)) {
                    begin = HexFormat.of().formatHex(in.readNBytes(8));
                } catch (IOException e) {
                    begin = cause(e);
                }
            }
            int mode = attributes.get("mode") instanceof Integer number ? number : 0;
            return String.format(
                    "%06o %s:%s %12s  %s  %-16s  %s",
                    mode,
                    attributes.get("uid"),
                    attributes.get("gid"),
                    attributes.get("size"),
                    attributes.get("lastModifiedTime"),
                    begin,
                    folder.relativize(file));
        } catch (IOException e) {
            return folder.relativize(file) + ": " + cause(e);
        }
    }

    private static String process(long pid) {
        Path folder = Path.of("/proc/" + pid);
        StringBuilder text = new StringBuilder();
        for (String file : PROCESS_FILES) {
            text.append("== ").append(file).append('\n').append(readable(folder.resolve(file)));
        }
        text.append("== open files: ");
        try (Stream<Path> files = Files.list(folder.resolve("fd"))) {
            text.append(files.count()).append('\n');
        } catch (IOException e) {
            text.append("not readable: ").append(cause(e)).append('\n');
        }
        return text.toString();
    }

    /**
     * Java's own dump would need its attach mechanism, which begins with SIGQUIT: where that goes wrong, the daemon's log gets the dump.
     */
    private static String threads(long pid) throws IOException {
        Map<Integer, String> lines = new TreeMap<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks.toList()) {
                String stat = readable(task.resolve("stat"));
                int name = stat.lastIndexOf(')');
                if (name < 0) {
                    continue;
                }
                // proc_pid_stat(5): state, then from field 4 on numbers; utime is field 14, stime 15.
                String[] fields = stat.substring(name + 2).split(" ");
                lines.put(
                        Integer.parseInt(task.getFileName().toString()),
                        String.format(
                                "%-16s  %s  user %6s  system %6s  waits in %s",
                                stat.substring(stat.indexOf('(') + 1, name),
                                fields[0],
                                fields[11],
                                fields[12],
                                readable(task.resolve("wchan")).strip()));
            }
        }
        StringBuilder text = new StringBuilder("name, state, processor time in ticks, function of the kernel\n");
        lines.forEach((id, line) -> text.append(id).append("  ").append(line).append('\n'));
        return text.toString();
    }
}
