package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ActionTableTest {
    @Test
    void anActionBelongsToItsService() {
        assertTrue(ActionTable.find(Service.EC2, "DescribeVpcs").isPresent());
        assertTrue(ActionTable.find(Service.STS, "DescribeVpcs").isEmpty());
        assertTrue(ActionTable.find(Service.STS, "GetCallerIdentity").isPresent());
        assertTrue(ActionTable.find(Service.EC2, "GetCallerIdentity").isEmpty());
    }

    @Test
    void everyActionIsOneOfItsServices() {
        for (Action action : ActionTable.all()) {
            assertEquals(
                    "UnsupportedOperation",
                    ActionTable.unknown(action.service(), action.name()).error().code());
        }
        assertEquals(46, ActionTable.all().size());
    }

    @Test
    void whatIsNotOfferedIsToldApartFromWhatDoesNotExist() {
        assertEquals(
                "The functionality you requested is not available in this region.",
                ActionTable.unknown(Service.EC2, "CreateVpc").getMessage());
        assertEquals(
                "The action DescribeSecurityGroup is not valid for this web service.",
                ActionTable.unknown(Service.EC2, "DescribeSecurityGroup").getMessage());
        assertEquals(
                ApiError.INVALID_ACTION,
                ActionTable.unknown(Service.STS, "RunInstances").error());
        for (String launching : List.of("CreateLaunchTemplate", "DescribeLaunchTemplateVersions", "RunInstances")) {
            assertTrue(
                    ActionTable.unknown(Service.EC2, launching).getMessage().contains("portcullis import ec2 FILE"),
                    launching);
        }
    }

    @Test
    void readingActionsAreToldApart() {
        Set<String> changing = new HashSet<>();
        ActionTable.all().stream().filter(action -> !action.reads()).forEach(action -> changing.add(action.name()));
        assertTrue(changing.contains("AuthorizeSecurityGroupIngress") && changing.contains("DeleteTags"));
        assertTrue(changing.stream().noneMatch(name -> name.matches("(Describe|Get).*")));
        assertFalse(
                ActionTable.find(Service.STS, "GetCallerIdentity").orElseThrow().hasDryRun());
    }

    @Test
    void aShapeMayBeInAQueryAndInXml() {
        Shape shape = ActionTable.find(Service.EC2, "CreateNetworkAclEntry")
                .orElseThrow()
                .request();
        Member range = shape.inQuery("PortRange");
        assertTrue(range != null
                && range.type() instanceof Shape inner
                && inner.inQuery("From") != null
                && inner.inXml("from") != null);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nothing",
                "A = b:Missing",
                "A = b:[Missing]",
                "A = b:int(1..)",
                "A = b c b",
                "A = b!!",
                "A = b\nA = b",
                "action A of s3",
            })
    void aMistakeInTheTableIsADefect(String table) {
        assertThrows(RuntimeException.class, () -> ShapeReader.read(List.of(table.split("\n"))), table);
    }
}
