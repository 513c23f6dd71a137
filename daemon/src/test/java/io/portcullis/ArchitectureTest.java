package io.portcullis;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The packages of the program and their arrows: design, section 7. A package that does not exist yet breaks nothing. */
final class ArchitectureTest {
    private static final String ROOT = "io.portcullis";
    private static final int LARGEST_PACKAGE = 25;
    private static final int LONGEST_FILE = 500;
    private static final int LONGEST_METHOD = 70;
    private static final int LONGEST_HOT_METHOD = 50;
    private static final Set<String> HOT_PATH = Set.of("conntrack", "engine", "hits", "packet", "port", "worker");

    /** The last line of a method's head. Its indentation is the method's, or that and 8 where the parameters have lines of their own. */
    private static final Pattern METHOD = Pattern.compile(
            "( +)(?!.*\\b(?:class|interface|record|enum|new|return|switch|if|for|while|try|else|catch)\\b)"
                    + "[^=]*\\)(?: throws [\\w., ]+)? \\{");

    private static final int MEDIAN_FILE = 90;

    /** Each package with the packages that it may import directly; two dots: with those below. */
    private static final Map<String, Set<String>> IMPORTS = new LinkedHashMap<>();

    static {
        allow("net");
        allow("linux", "net");
        allow("linux.bpf", "linux", "linux.netlink", "net");
        allow("linux.netlink", "linux", "net");
        allow("linux.packet", "linux", "linux.netlink", "net");
        allow("linux.user", "linux");
        allow("linux.ethtool", "linux", "linux.netlink", "net");
        allow("journal", "linux");
        allow("packet", "packet.wire", "net");
        allow("packet.wire", "net");
        allow("packet.build", "packet", "packet.wire", "net");
        allow("config", "net");
        allow("config.files");
        allow("config.yaml", "config", "config.files", "net");
        allow("config.lint", "config", "net");
        allow("config.read", "config", "config.files", "config.yaml", "config.lint", "net");
        allow("config.edit", "config", "config.files", "config.read", "config.yaml", "net");
        allow("policy", "config", "net");
        allow("policy.analysis", "policy", "config", "net");
        allow("conntrack", "packet", "net");
        allow("flowstore", "conntrack", "packet", "linux", "net");
        allow("fastpath", "conntrack", "packet", "packet.wire", "linux", "linux.bpf", "net");
        allow("hits", "policy", "net");
        allow("hits.file", "hits", "linux", "net");
        allow("engine", "packet", "packet.wire", "conntrack", "policy", "hits", "net");
        allow("port", "packet", "packet.wire", "linux..", "net");
        allow("capture", "net");
        allow("recorder", "engine", "packet", "linux", "net");
        allow("intercept", "intercept.fast", "linux..", "config", "net");
        allow("intercept.fast", "linux.bpf", "config", "net");
        allow("gate", "intercept", "policy", "config", "linux", "linux.packet", "packet", "packet.wire", "net");
        allow("worker", "packet", "policy", "port..", "conntrack", "engine", "hits", "journal", "net");
        allow(
                "guard",
                "recorder",
                "packet..",
                "worker",
                "port..",
                "intercept..",
                "fastpath",
                "gate",
                "engine",
                "hits..",
                "flowstore",
                "conntrack",
                "policy",
                "policy.analysis",
                "config",
                "config.read",
                "journal",
                "linux..",
                "net");
        allow("metrics", "engine", "hits", "port", "conntrack", "policy");
        allow("operations", "operations.traffic", "net");
        allow("operations.traffic", "net");
        allow("history", "config.files", "operations", "journal", "linux", "net");
        allow(
                "diagnose",
                "ec2.auth",
                "http",
                "guard",
                "intercept",
                "gate",
                "engine",
                "port..",
                "policy",
                "policy.analysis",
                "config",
                "config.files",
                "config.read",
                "linux..",
                "operations",
                "operations.traffic",
                "packet.build",
                "net");
        allow("http", "linux", "linux.user");
        allow("control", "http", "linux", "linux.user", "operations..", "metrics");
        allow("ec2.wire", "net");
        allow("ec2.auth", "ec2.wire", "config", "linux");
        allow("ec2.state", "linux");
        allow("ec2.model", "ec2.state", "config", "config.edit", "net");
        allow("ec2", "ec2.auth", "ec2.wire", "ec2.model", "ec2.state", "config.edit", "http");
        allow(
                "ec2.store",
                "ec2",
                "ec2.wire",
                "ec2.model",
                "ec2.state",
                "config",
                "config.edit",
                "config.files",
                "linux",
                "net");
        allow("ec2.transfer", "ec2.model", "config", "config.edit", "config.read", "net");
        allow("ec2.transfer.export", "ec2.transfer", "ec2.model", "config", "config.edit", "net");
        allow("ec2.tag", "ec2", "ec2.wire", "ec2.model", "ec2.state");
        allow(
                "ec2.host",
                "ec2",
                "ec2.auth",
                "ec2.wire",
                "ec2.model",
                "ec2.state",
                "ec2.tag",
                "config",
                "config.edit",
                "net");
        allow(
                "ec2.action",
                "ec2",
                "ec2.wire",
                "ec2.model",
                "ec2.state",
                "ec2.tag",
                "ec2.host",
                "config",
                "config.edit",
                "net");
        allow("service.watch", "config.files", "linux");
        allow("service.process", "config", "config.files", "journal", "linux", "operations", "net");
        allow("service.emergency", "operations", "policy", "journal", "linux", "net");
        allow(
                "service.traffic",
                "guard",
                "recorder",
                "engine",
                "hits",
                "policy",
                "policy.analysis",
                "config",
                "operations.traffic",
                "linux",
                "net");
        allow(
                "service.flows",
                "guard",
                "worker",
                "conntrack",
                "hits",
                "policy",
                "config",
                "diagnose",
                "operations",
                "operations.traffic",
                "linux",
                "net");
        allow(
                "service",
                "journal",
                "service.flows",
                "service.traffic",
                "service.emergency",
                "service.watch",
                "service.process",
                "net",
                "linux..",
                "config..",
                "policy..",
                "flowstore",
                "engine",
                "hits..",
                "port..",
                "intercept",
                "gate",
                "worker",
                "guard",
                "metrics",
                "operations..",
                "history",
                "diagnose",
                "http",
                "control",
                "ec2..");
        allow("cli.text", "cli.terminal", "config", "operations", "operations.traffic", "net");
        allow("cli.terminal");
        allow("cli.daemon", "cli.text", "cli.terminal", "http", "net");
        allow(
                "cli.traffic",
                "cli.daemon",
                "cli.text",
                "policy.analysis",
                "operations.traffic",
                "capture",
                "flowstore",
                "diagnose",
                "http",
                "service.process",
                "net");
        allow(
                "cli.report",
                "cli.daemon",
                "cli.text",
                "http",
                "diagnose",
                "service.process",
                "config",
                "config.files",
                "config.read",
                "config.yaml",
                "linux..",
                "net");
        allow(
                "cli.top",
                "cli.daemon",
                "cli.terminal",
                "cli.text",
                "cli.traffic",
                "operations",
                "operations.traffic",
                "http",
                "net");
        allow(
                "cli.transfer",
                "cli.text",
                "ec2.transfer..",
                "ec2.model",
                "ec2.state",
                "diagnose",
                "config",
                "ec2.store");
        allow(
                "cli.replay",
                "cli.text",
                "capture",
                "engine",
                "packet",
                "packet.wire",
                "policy",
                "policy.analysis",
                "diagnose",
                "service.process",
                "config",
                "linux",
                "net");
        allow(
                "cli",
                "cli.text",
                "cli.daemon",
                "cli.replay",
                "cli.report",
                "cli.top",
                "cli.traffic",
                "cli.transfer",
                "operations..",
                "http",
                "service",
                "service.process",
                "diagnose",
                "policy.analysis",
                "config",
                "config.files",
                "config.read",
                "net");
    }

    private static void allow(String name, String... imports) {
        IMPORTS.put(name, Set.of(imports));
    }

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static String below(String name) {
        return ROOT + "." + name + "..";
    }

    private static String[] below(String... names) {
        return Stream.of(names).map(ArchitectureTest::below).toArray(String[]::new);
    }

    /** A package of the table and what lies below it, up to the packages below that have an entry of their own. */
    private static String owner(JavaClass type) {
        String name = inside(type);
        while (!name.isEmpty() && !IMPORTS.containsKey(name)) {
            name = name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : "";
        }
        return name;
    }

    /** The name of its package below the root. */
    private static String inside(JavaClass type) {
        String name = type.getPackageName();
        return name.startsWith(ROOT + ".") ? name.substring(ROOT.length() + 1) : "";
    }

    private static boolean allows(String name, String other) {
        return name.equals(other)
                || IMPORTS.getOrDefault(name, Set.of()).stream()
                        .anyMatch(each -> each.endsWith("..")
                                ? (other + ".").startsWith(each.substring(0, each.length() - 1))
                                : each.equals(other));
    }

    @TestFactory
    Stream<DynamicTest> aPackageImportsOnlyWhatTheDesignAllows() {
        return IMPORTS.entrySet().stream()
                .map(entry ->
                        DynamicTest.dynamicTest(entry.getKey() + " imports " + new TreeSet<>(entry.getValue()), () -> {
                            Set<String> refused = new TreeSet<>();
                            for (JavaClass type : CLASSES) {
                                if (owner(type).equals(entry.getKey())) {
                                    refused.addAll(refused(type, entry.getKey()));
                                }
                            }
                            assertEquals(Set.of(), refused);
                        }));
    }

    private static Set<String> refused(JavaClass type, String name) {
        Set<String> refused = new TreeSet<>();
        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
            JavaClass target = dependency.getTargetClass().getBaseComponentType();
            if ((target.getPackageName() + ".").startsWith(ROOT + ".") && !allows(name, owner(target))) {
                refused.add(type.getSimpleName() + " imports " + target.getName());
            }
        }
        return refused;
    }

    /**
     * An allowance without a use is out of date; the values of {@code net} are open to all, and the constants of {@code
     * packet.wire} leave no trace in class files.
     */
    @Test
    void everyAllowedImportIsUsed() {
        Set<String> used = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if ((target.getPackageName() + ".").startsWith(ROOT + ".")) {
                    used.add(owner(type) + " " + owner(target));
                }
            }
        }
        Set<String> unused = new TreeSet<>();
        IMPORTS.forEach((name, imports) -> imports.stream()
                .filter(each -> !each.equals("net") && !each.equals("packet.wire"))
                .filter(each -> used.stream()
                        .noneMatch(pair -> each.endsWith("..")
                                ? (pair + ".").startsWith(name + " " + each.substring(0, each.length() - 1))
                                : pair.equals(name + " " + each)))
                .forEach(each -> unused.add(name + " -> " + each)));
        assertEquals(Set.of(), unused);
    }

    @Test
    void everyPackageIsInTheDesign() {
        Set<String> unknown = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            if (owner(type).isEmpty() && !type.getPackageName().equals(ROOT)) {
                unknown.add(type.getPackageName());
            }
        }
        assertEquals(Set.of(), unknown);
    }

    /** Numbers of the design, section 7: a reader sees a package, and a file, at one glance. */
    @Test
    void packagesAndFilesAreSmall() throws IOException {
        Set<String> tooLong = new TreeSet<>();
        List<Long> lengths = new ArrayList<>();
        List<Path> all = files(Path.of("src/main/java"));
        for (Path file : all) {
            long lines;
            try (Stream<String> text = Files.lines(file)) {
                lines = text.count();
            }
            lengths.add(lines);
            if (lines > LONGEST_FILE) {
                tooLong.add(file.getFileName() + " " + lines);
            }
        }
        lengths.sort(null);
        assertEquals(Map.of(), tooLarge(all), "packages with more than " + LARGEST_PACKAGE + " files");
        assertEquals(Set.of(), tooLong, "files with more than " + LONGEST_FILE + " lines");
        assertTrue(lengths.get(lengths.size() / 2) <= MEDIAN_FILE, "median " + lengths.get(lengths.size() / 2));
    }

    @Test
    void packagesOfTestsAreSmall() throws IOException {
        assertEquals(Map.of(), tooLarge(files(Path.of("src/test/java"))));
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(path -> path.toString().endsWith(".java") && !path.endsWith("package-info.java"))
                    .toList();
        }
    }

    /** Folders with too many files. */
    private static Map<String, Integer> tooLarge(List<Path> all) {
        Map<String, Integer> folders = new TreeMap<>();
        all.forEach(file -> folders.merge(String.valueOf(file.getParent()), 1, Integer::sum));
        folders.values().removeIf(count -> count <= LARGEST_PACKAGE);
        return folders;
    }

    /** The program behind {@code scripts/bench}, and the system tests. */
    @Test
    void packagesOfTheLabsImportInOneDirection() {
        Map<String, Set<String>> imports = Map.of(
                "bench.figures", Set.of(),
                "bench.lab", Set.of("bench.figures"),
                "bench.comparison", Set.of("bench.figures", "bench.lab"),
                "bench.cost", Set.of("bench.figures", "bench.lab"),
                "system", Set.of(),
                "system.ec2", Set.of("system"),
                "system.failure", Set.of("system"),
                "system.operation", Set.of("system"),
                "system.principle", Set.of("system"),
                "system.traffic", Set.of("system"));
        JavaClasses tests = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
                .importPackages(ROOT + ".bench", ROOT + ".system");
        Set<String> refused = new TreeSet<>();
        for (JavaClass type : tests) {
            String from = inside(type);
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                String to = inside(dependency.getTargetClass().getBaseComponentType());
                boolean isOfALab =
                        (to.startsWith("bench") || to.startsWith("system")) && !from.endsWith(".jmh_generated");
                if (isOfALab
                        && !from.equals("bench")
                        && !from.equals(to)
                        && !imports.getOrDefault(from, Set.of()).contains(to)) {
                    refused.add(from + " imports " + to);
                }
            }
        }
        assertEquals(Set.of(), refused);
    }

    /**
     * The length of a method's body: at most 50 lines on the path of a frame, so that a reader and the JIT compiler can cope with
     * it at once.
     */
    @Test
    void methodsAreShort() throws IOException {
        Set<String> tooLong = new TreeSet<>();
        int methods = 0;
        Path root = Path.of("src/main/java/io/portcullis");
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file :
                    all.filter(path -> path.toString().endsWith(".java")).toList()) {
                boolean hot = HOT_PATH.contains(root.relativize(file).getName(0).toString());
                List<String> lines = Files.readAllLines(file);
                for (int i = 0; i < lines.size(); i++) {
                    Matcher head = METHOD.matcher(lines.get(i));
                    int indentation = head.matches()
                            ? indentationOfMethod(lines, i, head.group(1).length())
                            : 0;
                    if (indentation > 0) {
                        int length = lines.subList(i, lines.size()).indexOf(" ".repeat(indentation) + "}") - 1;
                        methods++;
                        if (length > (hot ? LONGEST_HOT_METHOD : LONGEST_METHOD)) {
                            tooLong.add(file.getFileName() + ":" + (i + 1) + " " + length);
                        }
                    }
                }
            }
        }
        assertTrue(methods > 2_500, methods + " methods found");
        assertEquals(Set.of(), tooLong, "methods that are too long");
    }

    /** 0: the line ends the head of a record, or is inside a method. */
    private static int indentationOfMethod(List<String> lines, int last, int indentation) {
        int first = last;
        if (!lines.get(last).contains("(")) {
            String begin = " ".repeat(Math.max(0, indentation - 8));
            while (!lines.get(first).startsWith(begin) || lines.get(first).startsWith(begin + " ")) {
                first--;
            }
        }
        String head = lines.get(first);
        int found = head.length() - head.stripLeading().length();
        return head.contains(" record ") || found != 4 && found != 8 ? 0 : found;
    }

    @Test
    void noPackagesImportEachOtherInACircle() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void nettyIsUsedInFivePackages() {
        noClasses()
                .that()
                .resideOutsideOfPackages(below("port", "worker", "http", "control", "service"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(CLASSES);
    }

    @Test
    void nativeCodeIsCalledInLinuxOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage(below("linux"))
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackage(below("linux"))
                .should(callMethodWhere(method(MemorySegment.class, "reinterpret")))
                .check(CLASSES);
    }

    /** Below the loop, time is an argument; the command line shows it to people. */
    @Test
    void theClockIsReadByTheLoopAndTheService() {
        noClasses()
                .that()
                .resideOutsideOfPackages(below(
                        "worker", "service", "guard", "flowstore", "hits.file", "diagnose", "cli", "http", "control"))
                .should(callMethodWhere(method(System.class, "nanoTime")
                        .or(method(System.class, "currentTimeMillis"))
                        .or(describe(
                                "java.time's now()",
                                call -> call.getTargetOwner().getPackageName().equals("java.time")
                                        && call.getName().equals("now")))))
                .orShould()
                .dependOnClassesThat()
                .belongToAnyOf(Clock.class)
                .check(CLASSES);
    }

    @Test
    void onlyTheCommandLinePrints() {
        noClasses()
                .that()
                .resideOutsideOfPackages(below("cli"), ROOT)
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould(callMethodWhere(method(Throwable.class, "printStackTrace")))
                .check(CLASSES);
    }

    /** A port may hand frames to its loop; what happens later is the worker's to plan. */
    @Test
    void nobodySchedulesOnALoopOutsideWorker() {
        noClasses()
                .that()
                .resideOutsideOfPackage(below("worker"))
                .should(callMethodWhere(
                        onALoop("schedule").or(onALoop("scheduleAtFixedRate")).or(onALoop("scheduleWithFixedDelay"))))
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackages(below("worker", "port"))
                .should(callMethodWhere(onALoop("execute").or(onALoop("submit")).or(onALoop("invokeAll"))))
                .check(CLASSES);
    }

    @Test
    void theEnginesHandlerKeepsNothingBetweenBatches() {
        classes()
                .that()
                .haveSimpleName("FirewallHandler")
                .should()
                .haveOnlyFinalFields()
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    /** The JDK has no other way to hear SIGHUP than {@code sun.misc.Signal}. */
    @Test
    void noCodeUsesInternalsOfTheJdk() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("sun..", "jdk.internal..", "com.sun..")
                        .and(describe(
                                "no signals", type -> !type.getSimpleName().startsWith("Signal"))))
                .check(CLASSES);
    }

    @Test
    void namesSayWhatAThingIs() {
        noClasses()
                .should()
                .haveNameMatching(".*(Impl|Manager|Utils?|Helper|Data|Info|Base)")
                .check(CLASSES);
    }

    @Test
    void everyPackageHasAPackageInfo() {
        List<String> without = new ArrayList<>();
        for (JavaPackage each : CLASSES.getPackage(ROOT).getSubpackagesInTree()) {
            if (!each.getClasses().isEmpty() && !each.isAnnotatedWith(NullMarked.class)) {
                without.add(each.getName());
            }
        }
        assertEquals(List.of(), without, "packages without a package-info.java that says @NullMarked");
        assertTrue(CLASSES.getPackage(ROOT).isAnnotatedWith(NullMarked.class));
    }

    private static DescribedPredicate<JavaMethodCall> method(Class<?> owner, String name) {
        return describe(
                owner.getSimpleName() + "." + name, call -> call.getName().equals(name) && isA(call, owner));
    }

    private static DescribedPredicate<JavaMethodCall> onALoop(String name) {
        return describe(
                name + " on an event loop",
                call -> call.getName().equals(name)
                        && call.getTargetOwner().isAssignableTo("io.netty.util.concurrent.EventExecutorGroup"));
    }

    private static boolean isA(JavaAccess<?> access, Class<?> owner) {
        return access.getTargetOwner().isAssignableTo(owner);
    }
}
