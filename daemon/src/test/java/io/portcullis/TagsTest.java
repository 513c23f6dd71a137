package io.portcullis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAnnotation;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.properties.HasAnnotations;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Tags;
import org.junit.jupiter.api.Test;

/** The tags decide which tests a build runs: {@code daemon/pom.xml} and {@code scripts/test} select by them. */
final class TagsTest {
    private static final String NETNS = "netns";
    private static final String SYSTEM = "system";

    /**
     * {@code property}: random input against a model. {@code fuzz}: mutated bytes, or Jazzer. {@code netns}: needs root, makes
     * network namespaces or mounts. {@code system}: the packaged daemon between programs. {@code bench}: measures. {@code
     * slow}: takes more than 3 s without being one of those.
     */
    private static final Set<String> TAGS = Set.of("property", "fuzz", NETNS, SYSTEM, "bench", "slow");

    /** What makes network namespaces. */
    private static final Set<String> NAMESPACE_MAKERS = Set.of("Namespace", "NamespaceJvm", "Lab");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
            .importPackages("io.portcullis");

    private static Stream<String> tags(HasAnnotations<?> place) {
        Stream<JavaAnnotation<?>> single =
                place.tryGetAnnotationOfType(Tag.class.getName()).stream().map(annotation -> annotation);
        Stream<JavaAnnotation<?>> several = place.tryGetAnnotationOfType(Tags.class.getName()).stream()
                .flatMap(annotation ->
                        Stream.of((JavaAnnotation<?>[]) annotation.get("value").orElseThrow()));
        return Stream.concat(single, several)
                .map(annotation -> (String) annotation.get("value").orElseThrow());
    }

    /** Those of the class and of its superclasses: JUnit inherits tags. */
    private static Set<String> classTags(JavaClass type) {
        return type.getClassHierarchy().stream().flatMap(TagsTest::tags).collect(Collectors.toSet());
    }

    private static boolean isTestClass(JavaClass type) {
        return type.getSimpleName().endsWith("Test") && type.isTopLevelClass();
    }

    /** Finds what the class uses of the test tree, itself and through helpers; the tests of another class are none. */
    private static boolean makesNamespaces(JavaClass test) {
        Set<JavaClass> seen = new HashSet<>(Set.of(test));
        Deque<JavaClass> open = new ArrayDeque<>(seen);
        while (!open.isEmpty()) {
            for (Dependency dependency : open.remove().getDirectDependenciesFromSelf()) {
                JavaClass used = dependency.getTargetClass().getBaseComponentType();
                if (NAMESPACE_MAKERS.contains(used.getSimpleName())) {
                    return true;
                }
                if (CLASSES.contain(used.getName()) && seen.add(used)) {
                    open.add(used);
                }
            }
        }
        return false;
    }

    @Test
    void aTestThatMakesNamespacesIsTagged() {
        Set<String> untagged = new TreeSet<>();
        int makers = 0;
        for (JavaClass type : CLASSES) {
            if (isTestClass(type) && makesNamespaces(type)) {
                makers++;
                Set<String> tags = classTags(type);
                if (!tags.contains(NETNS) && !tags.contains(SYSTEM)) {
                    untagged.add(type.getName());
                }
            }
        }
        assertEquals(Set.of(), untagged, "tests without the tag netns or system");
        assertFalse(makers == 0, "no test makes a namespace: the search is wrong");
    }

    /** {@code scripts/fuzz} takes each class of this name as a target, and Jazzer refuses one without such a method, or with two. */
    @Test
    void everyTargetOfTheFuzzerHasOneMethodForIt() {
        Set<String> refused = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            long methods = type.getMethods().stream()
                    .filter(method -> method.isAnnotatedWith(FuzzTest.class))
                    .count();
            if (methods != (type.getSimpleName().endsWith("FuzzTest") ? 1 : 0)) {
                refused.add(type.getName() + " has " + methods);
            }
        }
        assertEquals(Set.of(), refused);
    }

    @Test
    void everyTagIsOneOfTheList() {
        Set<String> unknown = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            tags(type).filter(tag -> !TAGS.contains(tag)).forEach(tag -> unknown.add(type.getName() + " " + tag));
            for (JavaMethod method : type.getMethods()) {
                tags(method)
                        .filter(tag -> !TAGS.contains(tag))
                        .forEach(tag -> unknown.add(method.getFullName() + " " + tag));
            }
        }
        assertEquals(Set.of(), unknown);
    }
}
