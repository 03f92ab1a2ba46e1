package example;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Shop {
  public static void main(String[] args) {
    SpringApplication.run(Shop.class, args);
  }

  @GetMapping("/")
  String home() {
    return "The shop";
  }

  /** Who is signed in. */
  @GetMapping("/me")
  Map<String, Object> me(@AuthenticationPrincipal OidcUser user) {
    return Map.of("sub", user.getSubject(), "email", user.getEmail());
  }

  /** The access token for calls of other APIs, refreshed if it has expired. An application keeps it to itself. */
  @GetMapping("/token")
  Map<String, String> token(@RegisteredOAuth2AuthorizedClient("latchkey") OAuth2AuthorizedClient client) {
    return Map.of("access_token", client.getAccessToken().getTokenValue());
  }

  /** An API that verifies JWTs itself, and one that asks the service about each token. */
  @GetMapping({"/things", "/strict/things"})
  Map<String, String> things(Authentication caller) {
    return Map.of("caller", caller.getName());
  }
}
