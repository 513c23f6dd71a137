package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ApiErrorTest {
    @ParameterizedTest
    @EnumSource(ApiError.class)
    void itsWordsAreFilledIn(ApiError error) {
        Object[] arguments = new Object[4];
        Arrays.fill(arguments, "ARGUMENT");
        String message = error.of(arguments).getMessage();
        assertTrue(!message.isEmpty() && !message.contains("%"), message);
        assertTrue(error.code().matches("[A-Z][A-Za-z.]+"), error.code());
        assertTrue(error.status() >= 400 && error.status() <= 503, error.code());
    }

    @Test
    void someWordsAreThoseThatEc2IsKnownToSay() {
        assertEquals(
                "the specified rule \"peer: 0.0.0.0/0, ALL, ALLOW\" already exists",
                ApiError.RULE_DUPLICATE.of("0.0.0.0/0", "ALL, ").getMessage());
        assertEquals(
                "the specified rule \"peer: 0.0.0.0/0, ALLOW\" already exists",
                ApiError.RULE_DUPLICATE.of("0.0.0.0/0", "").getMessage());
        assertEquals(
                "The security group 'web' already exists for VPC 'vpc-1'",
                ApiError.GROUP_DUPLICATE.of("web", "vpc-1").getMessage());
        assertEquals(
                "The parameter instancesSet cannot be used with the parameter maxResults",
                ApiError.PARAMETER_WITH_MAX_RESULTS.of("instancesSet").getMessage());
        assertEquals(412, ApiError.DRY_RUN_OPERATION.status());
        assertEquals(401, ApiError.AUTH_FAILURE.status());
    }

    @Test
    void whatIsQuotedIsVisibleAndShort() {
        assertEquals(
                "The filter 'a\\x1b[2J' is invalid",
                ApiError.INVALID_FILTER.of("a\u001b[2J").getMessage());
        assertTrue(ApiError.INVALID_FILTER.of("v".repeat(5_000)).getMessage().length() < 250);
        String own = "v".repeat(500);
        assertEquals(own, ApiError.OPERATION_NOT_PERMITTED.of(own).getMessage());
    }
}
