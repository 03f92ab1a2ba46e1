package example;

import static org.springframework.security.config.Customizer.withDefaults;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.web.SecurityFilterChain;

@Configuration
class Security {
  /** Verifies JWTs by the published keys: the API is registered with --typ JWT. */
  @Bean
  @Order(1)
  SecurityFilterChain api(HttpSecurity http) throws Exception {
    return http.securityMatcher("/things")
        .authorizeHttpRequests(requests -> requests.anyRequest().hasAuthority("SCOPE_things:read"))
        .oauth2ResourceServer(server -> server.jwt(withDefaults()))
        .build();
  }

  /** Takes tokens of every format, and none that was revoked. */
  @Bean
  @Order(2)
  SecurityFilterChain strictApi(HttpSecurity http) throws Exception {
    return http.securityMatcher("/strict/things")
        .authorizeHttpRequests(requests -> requests.anyRequest().hasAuthority("SCOPE_things:read"))
        .oauth2ResourceServer(server -> server.opaqueToken(withDefaults()))
        .build();
  }

  /** Signs people in and out, also out of the service, and when they sign out there. */
  @Bean
  SecurityFilterChain pages(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
    OidcClientInitiatedLogoutSuccessHandler toService = new OidcClientInitiatedLogoutSuccessHandler(clients);
    toService.setPostLogoutRedirectUri("{baseUrl}");
    return http.authorizeHttpRequests(
            requests -> requests.requestMatchers("/").permitAll().anyRequest().authenticated())
        .oauth2Login(withDefaults())
        .logout(logout -> logout.logoutSuccessHandler(toService))
        .oidcLogout(logout -> logout.backChannel(withDefaults()))
        .build();
  }
}
