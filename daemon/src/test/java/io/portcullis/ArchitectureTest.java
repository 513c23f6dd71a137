package io.portcullis;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.callMethodWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rooms of the program and who may enter which: design, section 7. A room that is not there yet breaks nothing. */
final class ArchitectureTest {
    private static final String ROOT = "io.portcullis";

    /** Each room with the rooms that it may import directly. {@code cli} may import all. */
    private static final Map<String, Set<String>> IMPORTS = new LinkedHashMap<>(Map.ofEntries(
            Map.entry("packet", Set.of()),
            Map.entry("linux", Set.of()),
            Map.entry("config", Set.of()),
            Map.entry("policy", Set.of("config")),
            Map.entry("conntrack", Set.of("packet")),
            Map.entry("engine", Set.of("packet", "conntrack", "policy")),
            Map.entry("port", Set.of("packet", "linux")),
            Map.entry("intercept", Set.of("port", "linux", "config")),
            Map.entry("worker", Set.of("packet", "policy", "port", "engine")),
            Map.entry("metrics", Set.of("engine", "port", "conntrack", "policy")),
            Map.entry("control", Set.of("metrics", "worker", "policy")),
            Map.entry(
                    "service",
                    Set.of(
                            "packet",
                            "linux",
                            "config",
                            "policy",
                            "conntrack",
                            "engine",
                            "port",
                            "intercept",
                            "worker",
                            "metrics",
                            "control"))));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    private static String room(String name) {
        return ROOT + "." + name + "..";
    }

    private static String[] rooms(String... names) {
        return Stream.of(names).map(ArchitectureTest::room).toArray(String[]::new);
    }

    @TestFactory
    Stream<DynamicTest> aRoomImportsOnlyWhatTheDesignAllows() {
        return IMPORTS.entrySet().stream()
                .map(entry ->
                        DynamicTest.dynamicTest(entry.getKey() + " imports " + new TreeSet<>(entry.getValue()), () -> {
                            List<String> allowed = new ArrayList<>(entry.getValue());
                            allowed.add(entry.getKey());
                            noClasses()
                                    .that()
                                    .resideInAPackage(room(entry.getKey()))
                                    .should()
                                    .dependOnClassesThat(resideInAPackage(ROOT + "..")
                                            .and(DescribedPredicate.not(
                                                    resideInAnyPackage(rooms(allowed.toArray(String[]::new))))))
                                    .allowEmptyShould(true)
                                    .check(CLASSES);
                        }));
    }

    @Test
    void everyRoomIsOneOfTheDesigns() {
        Set<String> known = new TreeSet<>(IMPORTS.keySet());
        known.add("cli");
        Set<String> unknown = new TreeSet<>();
        for (JavaClass each : CLASSES) {
            String inside = each.getPackageName().substring(ROOT.length());
            String name = inside.isEmpty() ? "" : inside.substring(1).split("\\.")[0];
            if (!name.isEmpty() && !known.contains(name)) {
                unknown.add(name);
            }
        }
        assertEquals(Set.of(), unknown);
    }

    @Test
    void noRoomsImportEachOtherInACircle() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void nettyLivesInFourRooms() {
        noClasses()
                .that()
                .resideOutsideOfPackages(rooms("port", "worker", "control", "service"))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(CLASSES);
    }

    @Test
    void nativeCodeIsCalledInLinuxOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage(room("linux"))
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackage(room("linux"))
                .should(callMethodWhere(method(MemorySegment.class, "reinterpret")))
                .check(CLASSES);
    }

    /** Below the loop, time is an argument; the command line shows it to people. */
    @Test
    void theClockIsReadByTheLoopAndTheService() {
        noClasses()
                .that()
                .resideOutsideOfPackages(rooms("worker", "service", "cli", "control"))
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
                .resideOutsideOfPackages(room("cli"), ROOT)
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
                .resideOutsideOfPackage(room("worker"))
                .should(callMethodWhere(
                        onALoop("schedule").or(onALoop("scheduleAtFixedRate")).or(onALoop("scheduleWithFixedDelay"))))
                .check(CLASSES);
        noClasses()
                .that()
                .resideOutsideOfPackages(rooms("worker", "port"))
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
    void nobodyReachesBelowTheJdk() {
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
    void everyRoomHasItsDoorPlate() {
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
